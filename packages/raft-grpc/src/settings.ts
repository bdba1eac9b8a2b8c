/**
 * The limits of a transport, each with its default.
 */
import type { ChannelSettings } from "@coxswain/rpc";

/** The limits of a transport. */
export interface TransportSettings {
  /** Messages that wait for one peer; past it the oldest are dropped. Default 4,096. */
  readonly maxQueuedMessages: number;
  /** Bytes that wait for one peer; past it the oldest are dropped. Default 16 MiB. */
  readonly maxQueuedBytes: number;
  /** The largest message; a larger one is dropped. Keep `maxAppendBytes` of Raft below it. Default 3 MiB. */
  readonly maxMessageBytes: number;
  /** How many bytes of messages go into one write, if they are more than one message. Default 1 MiB. */
  readonly maxBatchBytes: number;
  /** The bytes of a snapshot that go into one write. Default 64 KiB. */
  readonly snapshotChunkBytes: number;
  /**
   * The bytes of a snapshot sent in a second, at most. Default 8 MiB. Risk: faster takes processor, disk and network from
   * the writes that go on meanwhile; slower keeps the follower away, and the log from being compacted, for longer. One that
   * the log outruns (`logHardBytes`, `logHardEntries` of Raft) is begun anew at twice the pace.
   */
  readonly snapshotBytesPerSecond: number;
  /** How long a peer may take to accept a stream. Default 2 s. */
  readonly acceptTimeoutMs: number;
  /** A connection on which nothing arrives for so long is probed. Default 1 s. */
  readonly keepaliveMs: number;
  /** A connection whose probe is not answered for so long is given up. Default 1 s. */
  readonly keepaliveTimeoutMs: number;
}

/** What holds for each setting that is not given. */
export const DEFAULT_SETTINGS: TransportSettings = {
  maxQueuedMessages: 4_096,
  maxQueuedBytes: 16 * 1_048_576,
  maxMessageBytes: 3 * 1_048_576,
  maxBatchBytes: 1_048_576,
  snapshotChunkBytes: 65_536,
  snapshotBytesPerSecond: 8 * 1_048_576,
  acceptTimeoutMs: 2_000,
  keepaliveMs: 1_000,
  keepaliveTimeoutMs: 1_000,
};

/** Every channel has a connection of its own: a snapshot must not hold up heartbeats (G20). */
export function channelSettings({ keepaliveMs, keepaliveTimeoutMs }: TransportSettings): ChannelSettings {
  return { ownConnection: true, keepaliveMs, keepaliveTimeoutMs };
}
