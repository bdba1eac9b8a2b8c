import { NO_NODE, type Configuration, type NodeId, type Role } from "../types.ts";
import type { ConsensusState } from "./consensus-state.ts";
import type { ProgressState } from "./progress.ts";

export type { ProgressState } from "./progress.ts";

/** A peer as its leader sees it. See {@link ProgressState}. */
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

export function describeStatus(state: ConsensusState): Status {
  const { id, role, term, leader, votedFor, commitIndex, appliedIndex, stableIndex, log, leadership } = state;
  const peers = leadership === undefined ? [] : [...leadership.peers.values()];
  return {
    id,
    role,
    term,
    leader,
    votedFor,
    commitIndex,
    appliedIndex,
    stableIndex,
    firstIndex: log.firstIndex,
    lastIndex: log.lastIndex,
    logSizeBytes: log.sizeBytes,
    uncommittedBytes: leadership?.uncommittedBytes ?? 0,
    configuration: log.configuration,
    transferringTo: leadership?.transfer?.to ?? NO_NODE,
    installingSnapshot: state.installing !== undefined,
    peers: peers.map((peer): PeerStatus => ({
      id: peer.id,
      matchIndex: peer.matchIndex,
      nextIndex: peer.nextIndex,
      state: peer.state,
      recentlyActive: peer.recentlyActive,
      inflightAppends: peer.inflights.count,
      inflightBytes: peer.inflights.bytes,
    })),
  };
}
