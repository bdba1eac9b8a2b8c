import { NO_NODE, type Configuration, type NodeId, type Role } from "../types.ts";
import { isVoter } from "./configuration.ts";
import type { ConsensusState } from "./consensus-state.ts";
import { holdsLease } from "./lease.ts";
import { isCaughtUp, isChanging } from "./membership-change.ts";
import type { Progress, ProgressState } from "./progress.ts";

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
  /** Whether its vote counts; false for a learner, and for a member on its way out. */
  readonly isVoter: boolean;
  /** Entries of the leader's log not known to be durable there. */
  readonly lagEntries: number;
  /** Since it was last heard from in this term; undefined when it never was. */
  readonly silentTicks: number | undefined;
  /** A learner that could be promoted: heard from, and never more than an election timeout behind. */
  readonly isCaughtUp: boolean;
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
  /** In force: the newest in the log, committed or not. */
  readonly configuration: Configuration;
  /** A change of membership is uncommitted, or joint. */
  readonly isChangingMembership: boolean;
  /** Reads are answered without asking anyone, see `RaftConfig.lease`. */
  readonly holdsLease: boolean;
  /** The transferee, or 0. */
  readonly transferringTo: NodeId;
  readonly installingSnapshot: boolean;
  /** The state ends before the log begins; it waits for a leader's snapshot (G17). */
  readonly needsSnapshot: boolean;
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
    isChangingMembership: isChanging(state),
    holdsLease: leadership !== undefined && holdsLease(state, leadership),
    transferringTo: leadership?.transfer?.to ?? NO_NODE,
    installingSnapshot: state.installing !== undefined,
    needsSnapshot: state.needsSnapshot,
    peers: peers.map((peer) => describePeer(state, peer)).sort((a, b) => a.id - b.id),
  };
}

function describePeer(state: ConsensusState, peer: Progress): PeerStatus {
  const { log, tick } = state;
  return {
    id: peer.id,
    matchIndex: peer.matchIndex,
    nextIndex: peer.nextIndex,
    state: peer.state,
    recentlyActive: peer.recentlyActive,
    inflightAppends: peer.inflights.count,
    inflightBytes: peer.inflights.bytes,
    isVoter: isVoter(log.configuration, peer.id),
    lagEntries: log.lastIndex - peer.matchIndex,
    silentTicks: peer.heardAtTick === undefined ? undefined : tick - peer.heardAtTick,
    isCaughtUp: isCaughtUp(state, peer),
  };
}
