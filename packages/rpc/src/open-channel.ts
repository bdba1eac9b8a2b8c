import { Channel, type ChannelCredentials, type ChannelOptions } from "@grpc/grpc-js";

/** What may be tuned on the calling side. */
export interface ChannelSettings {
  /**
   * A TCP connection of its own. Two channels to one target otherwise share one, and a bulk transfer on the first
   * holds up the heartbeats on the second. Default false.
   */
  readonly ownConnection?: boolean;
  /** Largest message either way. Default 4 MiB. */
  readonly maxMessageBytes?: number;
  /**
   * What may be on its way here at a time, in one call and in all calls of a connection together; a call that is not
   * read holds as much. More carries more where answers take long. Default: that of HTTP/2, 64 KiB.
   */
  readonly flowControlWindowBytes?: number;
  /** How long an unreachable server is left alone before the next attempt, at most. Default 1 s. */
  readonly maxReconnectMs?: number;
  /** After this long without traffic the connection is probed. Default 10 s. */
  readonly keepaliveMs?: number;
  /** After this long without an answer to a probe the connection counts as broken. Default 5 s. */
  readonly keepaliveTimeoutMs?: number;
}

/** The options of `openChannel`, for those who construct a client directly. */
export function channelOptions(settings: ChannelSettings = {}): ChannelOptions {
  const maxMessageBytes = settings.maxMessageBytes ?? 4 * 1024 * 1024;
  return {
    "grpc.use_local_subchannel_pool": settings.ownConnection === true ? 1 : 0,
    "grpc.max_send_message_length": maxMessageBytes,
    "grpc.max_receive_message_length": maxMessageBytes,
    ...(settings.flowControlWindowBytes === undefined
      ? {}
      : { "grpc-node.flow_control_window": settings.flowControlWindowBytes }),
    // grpc-js waits 1 s, then up to two minutes: too long for a cluster that elects in 300 ms.
    "grpc.initial_reconnect_backoff_ms": 100,
    "grpc.max_reconnect_backoff_ms": settings.maxReconnectMs ?? 1_000,
    "grpc.keepalive_time_ms": settings.keepaliveMs ?? 10_000,
    "grpc.keepalive_timeout_ms": settings.keepaliveTimeoutMs ?? 5_000,
    "grpc.keepalive_permit_without_calls": 1,
    // Retries are decided by callers, who know which calls are safe to repeat.
    "grpc.enable_retries": 0,
    // Neither a proxy from the environment nor a TXT record may redirect a cluster's traffic.
    "grpc.enable_http_proxy": 0,
    "grpc.service_config_disable_resolution": 1,
  };
}

/**
 * A channel to `address` (`host:port`, `[::1]:port`); connects when first used. Hand it to a generated client as
 * `channelOverride`, and close it yourself.
 */
export function openChannel(
  address: string,
  credentials: ChannelCredentials,
  settings: ChannelSettings = {},
): Channel {
  return new Channel(address, credentials, channelOptions(settings));
}
