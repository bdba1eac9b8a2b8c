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
  /** Paths of CA, certificate and key, read again every minute; or material at hand, which its owner reloads. */
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

/** Credentials for all connections of a client, and the end of looking after them. */
export interface ClientCredentials {
  readonly credentials: ChannelCredentials;
  stop(): void;
}

/**
 * Credentials as the options say.
 *
 * @throws CoxswainClientError when the files are unusable, or TLS is missing where it is needed
 */
export function credentialsOf(options: ClientOptions, addresses: readonly string[]): ClientCredentials {
  if (options.tls !== undefined) return secureCredentials(options.tls);
  const remote = addresses.find((address) => !isLoopback(address));
  if (remote !== undefined && options.insecure !== true) {
    const message = `${remote} is not on this machine and no TLS is given: give CA, certificate and key, or say insecure.`;
    throw new CoxswainClientError("TLS_REQUIRED", "invalid", message);
  }
  return { credentials: insecureChannelCredentials(), stop: () => undefined };
}

function secureCredentials(tls: TlsFiles | TlsMaterial): ClientCredentials {
  if (tls instanceof TlsMaterial) return { credentials: channelCredentials(tls), stop: () => undefined };
  try {
    const material = loadTls(tls);
    // A set that is being replaced just now is read at the next look; until then the old one serves.
    return { credentials: channelCredentials(material), stop: material.watch({ onError: () => undefined }) };
  } catch (error) {
    throw clientError(error);
  }
}
