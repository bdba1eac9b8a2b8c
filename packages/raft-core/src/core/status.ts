import type { Configuration, NodeId, Role } from "../types.ts";

/** How a leader sends to a peer: feeling for the match, streaming, or waiting for a snapshot. */
export type ProgressState = "probe" | "replicate" | "snapshot";

/** A peer as its leader sees it. */
export interface PeerStatus {
  readonly id: NodeId;
  /** The last index known to be durable there. */
  readonly matchIndex: number;
  readonly nextIndex: number;
  readonly state: ProgressState;
  /** Heard from since the last check-quorum. */
  readonly recentlyActive: boolean;
  readonly inflightAppends: number;
  readonly inflightBytes: number;
}

/** A copy of where a {@link Raft} stands. */
export interface Status {
  readonly id: NodeId;
  readonly role: Role;
  readonly term: number;
  /** 0 when none is known. */
  readonly leader: NodeId;
  readonly votedFor: NodeId;
  readonly commitIndex: number;
  /** As reported by `applied`. */
  readonly appliedIndex: number;
  /** The oldest entry held; `lastIndex + 1` when the log is empty. */
  readonly firstIndex: number;
  readonly lastIndex: number;
  /** The last index known to be durable here. */
  readonly stableIndex: number;
  /** Bytes of the entries held in memory. */
  readonly logSizeBytes: number;
  readonly uncommittedBytes: number;
  readonly configuration: Configuration;
  /** The transferee, or 0. */
  readonly transferringTo: NodeId;
  readonly installingSnapshot: boolean;
  /** Leader only; ordered by id, without the leader itself. */
  readonly peers: readonly PeerStatus[];
}
