import type { ServerOptions } from "@grpc/grpc-js";

/** What may be tuned on the serving side. */
export interface ServerSettings {
  /** Calls at a time on one connection; further ones wait at the client. Default 256. */
  readonly maxStreamsPerConnection?: number;
  /** Largest request; a larger one is RESOURCE_EXHAUSTED. Also the largest response. Default 4 MiB. */
  readonly maxMessageBytes?: number;
  /** A client that is silent for so long is probed. Default 20 s. */
  readonly keepaliveMs?: number;
  /** A probe unanswered for so long ends the connection. Default 10 s. */
  readonly keepaliveTimeoutMs?: number;
  /**
   * A connection older than this is asked to end, so that everyone shows a certificate anew. Default: no limit.
   */
  readonly maxConnectionAgeMs?: number;
  /** How long calls may go on after that before they are cut. Default 30 s. */
  readonly maxConnectionAgeGraceMs?: number;
}

/** Limits for `new grpc.Server(...)`, whose own defaults have none. */
export function serverOptions(settings: ServerSettings = {}): ServerOptions {
  const maxMessageBytes = settings.maxMessageBytes ?? 4 * 1024 * 1024;
  return {
    "grpc.max_concurrent_streams": settings.maxStreamsPerConnection ?? 256,
    "grpc.max_receive_message_length": maxMessageBytes,
    "grpc.max_send_message_length": maxMessageBytes,
    "grpc.keepalive_time_ms": settings.keepaliveMs ?? 20_000,
    "grpc.keepalive_timeout_ms": settings.keepaliveTimeoutMs ?? 10_000,
    ...(settings.maxConnectionAgeMs === undefined
      ? {}
      : {
          "grpc.max_connection_age_ms": settings.maxConnectionAgeMs,
          "grpc.max_connection_age_grace_ms": settings.maxConnectionAgeGraceMs ?? 30_000,
        }),
  };
}
