import type { LookupAddress } from "node:dns";

/** Resolves a host name; `dns.promises.lookup` with `all: true`. */
export type Lookup = (hostname: string) => Promise<readonly LookupAddress[]>;

/** How a {@link WebhookExecutor} sends its requests. */
export interface WebhookExecutorOptions {
  /**
   * Targets beyond public addresses: CIDRs such as `10.1.0.0/16` or `127.0.0.1/32`, or `"all"`.
   * Default none: private, loopback, link-local and other special addresses are refused,
   * because whoever may submit a job could otherwise reach what only this node can reach.
   */
  readonly allow?: readonly string[] | "all";
  /** Bytes of the response's body that are read; then it is cut. Default 64 KiB. */
  readonly bodyMaxBytes?: number;
  /** Connections to one origin; requests beyond wait, within their limit. Default 16. */
  readonly connectionsPerOrigin?: number;
  /** Limit of one connection's set-up. Default 10,000. */
  readonly connectTimeoutMs?: number;
  /** How long an idle connection is kept. Default 4,000. */
  readonly idleTimeoutMs?: number;
  /** PEM certificates trusted instead of Node's own roots. */
  readonly ca?: string | readonly string[];
  /** Signs each request in the header `Coxswain-Signature`; see `signatureOf`. Default: none is signed. */
  readonly signingSecret?: string | Uint8Array;
  /**
   * Redirects that are followed: 307 and 308, and any for GET and HEAD; never from https: to
   * http:. Each target is checked as the first one is. Default 0: a redirect fails the attempt.
   */
  readonly maxRedirects?: number;
  /** Default: the system's resolver. */
  readonly lookup?: Lookup;
}
