import type { ChannelCredentials } from "@grpc/grpc-js";
import {
  type TlsFiles,
  TlsMaterial,
  channelCredentials,
  insecureChannelCredentials,
  loadTls,
} from "@coxswain/rpc";
import type { BackoffSettings } from "./backoff.ts";
import { CoxswainClientError, clientError } from "./errors.ts";
import { isLoopback } from "./server-list.ts";

export interface ClientOptions {
  /** `host:port` of any nodes of the cluster; the port defaults to 50051. */
  readonly servers: readonly string[];
  /** Paths of CA, certificate and key, or material at hand. */
  readonly tls?: TlsFiles | TlsMaterial;
  /** Said aloud, allows servers beyond this machine without TLS. Loopback needs no saying. Default false. */
  readonly insecure?: boolean;
  /** Shown to servers as the user agent. */
  readonly name?: string;
  /** How long a call is tried in all, unless the call says otherwise. Default 15 s. */
  readonly timeoutMs?: number;
  /** How long one attempt may take before another server is asked. Default 7 s, above the server's own limit of 5 s. */
  readonly attemptTimeoutMs?: number;
  readonly backoff?: BackoffSettings;
  /** Submits under way at a time. Default 50,000. */
  readonly maxPendingSubmits?: number;
}

/**
 * How to make credentials for a new connection; anew for each, so that renewed TLS files are used.
 *
 * @throws CoxswainClientError when the files are unusable, or TLS is missing where it is needed
 */
export function credentialsOf(
  options: ClientOptions,
  addresses: readonly string[],
): () => ChannelCredentials {
  const { tls } = options;
  if (tls !== undefined) {
    const material = tlsMaterial(tls);
    return () => channelCredentials(material);
  }
  const remote = addresses.find((address) => !isLoopback(address));
  if (remote !== undefined && options.insecure !== true) {
    const message = `${remote} is not on this machine and no TLS is given: give CA, certificate and key, or say insecure.`;
    throw new CoxswainClientError("TLS_REQUIRED", "invalid", message);
  }
  return insecureChannelCredentials;
}

function tlsMaterial(tls: TlsFiles | TlsMaterial): TlsMaterial {
  try {
    return tls instanceof TlsMaterial ? tls : loadTls(tls);
  } catch (error) {
    throw clientError(error);
  }
}
