import { NO_NODE, type NodeId } from "../types.ts";
import { RaftConfigError } from "./errors.ts";

/** How a {@link Raft} behaves. Time is counted in calls of `tick()`; the caller decides how long a tick is. */
export interface RaftConfig {
  /** This node. Never reuse the id of a node whose disk was lost: its promises are lost too. */
  readonly id: NodeId;

  /**
   * Ticks without a leader before a follower campaigns, at the least. It is also the lease for which a
   * follower ignores other candidates, the period of check-quorum, and the limit of a transfer.
   * Default 15. Risk: below three heartbeats plus a round trip, a busy leader is deposed for nothing.
   */
  readonly electionTicks?: number;
  /**
   * The timeout is drawn anew, uniformly, from [electionTicks, electionTicksMax).
   * Default 2 * electionTicks. Risk: a narrow range lets candidates split the vote again and again.
   */
  readonly electionTicksMax?: number;
  /** Ticks between heartbeats of a leader. Default 5. Must be below electionTicks. */
  readonly heartbeatTicks?: number;

  /**
   * Ask whether an election could be won before raising the term (dissertation 9.6), so that a node
   * coming back from a partition does not depose a working leader. Default true.
   */
  readonly preVote?: boolean;
  /**
   * A leader that hears from no quorum for electionTicks steps down, and a follower that hears its
   * leader ignores candidates (dissertation 6.2, 6.4.1). Default true. Risk when off: a partitioned
   * leader keeps its clients waiting for ever, and a removed node that does not know it deposes every leader.
   */
  readonly checkQuorum?: boolean;

  /**
   * Give every learner a vote as soon as it has caught up (a round of replication shorter than electionTicks,
   * dissertation 4.2.1). The same on every node, so that it survives a change of leader. Default false:
   * learners stay learners until asked for. Risk when on: there are no lasting learners, such as read replicas.
   */
  readonly promoteLearners?: boolean;

  /**
   * Bytes of entries in one append message; one larger entry still travels alone. Default 256 KiB.
   * Risk: large messages hold up heartbeats on a slow link, small ones cost throughput.
   */
  readonly maxAppendBytes?: number;
  /** Entries in one append message. Default 4096. */
  readonly maxAppendEntries?: number;
  /** Append messages under way to one follower before its first answer. Default 128. */
  readonly maxInflightAppends?: number;
  /**
   * Bytes under way to one follower. Default 8 MiB. Below bandwidth times round trip it limits
   * throughput; above what the transport buffers it only makes loss dearer.
   */
  readonly maxInflightBytes?: number;

  /**
   * Bytes of accepted, uncommitted proposals; then `propose` refuses with "tooMuchUncommitted".
   * A single proposal is always accepted when nothing is uncommitted. Default 16 MiB.
   * Risk: without a quorum this is what a leader's memory grows by.
   */
  readonly maxUncommittedBytes?: number;
  /** Bytes of committed entries handed out in one {@link Ready}; one larger entry still goes alone. Default 1 MiB. */
  readonly maxCommittedBytes?: number;
  /** Entries handed out and not yet reported by `applied`; then `committed` stays empty. Default 16384. */
  readonly maxUnappliedEntries?: number;
  /** Reads waiting for confirmation, on a leader and on a follower each. Default 65536. */
  readonly maxPendingReads?: number;
  /** Answer reads from a lease instead of asking a quorum each time. The same on every node. Default: ask. */
  readonly lease?: LeaseConfig;

  /**
   * What the state machine already holds; entries up to here count as committed and are not handed
   * out again. Default: the log's snapshot index. The log must hold the very entry applied there, of the
   * same term (else reset it to the state first). Risk: too low applies entries twice, and a log of
   * another history would count as committed.
   */
  readonly appliedIndex?: number;
  /**
   * Wait for a snapshot when the state machine ends before the log begins, instead of refusing to start. Until it
   * is installed this node votes by its log and never campaigns; only another voter can send one. Default false.
   */
  readonly waitForState?: boolean;
}

/**
 * Leases (dissertation 6.4.1): a quorum that has answered a heartbeat gives no vote for `electionTicks`, so until
 * then nobody else can have committed anything, and the leader's own commit index is the newest. Needs
 * `checkQuorum`. Every voter keeps the promise, whether or not it leads, also through a change of term and a restart.
 * Risk: the only rule here that trusts clocks. A leader whose clock falls behind by more than was allowed for
 * (a paused virtual machine, say) serves old values.
 */
export interface LeaseConfig {
  /** The time now, never going back. It must go on while the machine sleeps. */
  readonly now: () => number;
  /**
   * How long a lease lasts from when its heartbeat was sent, in the unit of `now`. Below `electionTicks` less
   * one tick of the fastest clock of the cluster, measured by the slowest.
   */
  readonly duration: number;
}

/** {@link RaftConfig} with nothing left open, except that `appliedIndex` may follow the log, and `lease` be absent. */
export type ResolvedRaftConfig = Required<Omit<RaftConfig, "appliedIndex" | "lease">> &
  Pick<RaftConfig, "appliedIndex" | "lease">;

/** Fills in the defaults and refuses what cannot work. Throws {@link RaftConfigError}. */
export function resolveConfig(config: RaftConfig): ResolvedRaftConfig {
  const electionTicks = config.electionTicks ?? 15;
  const resolved: ResolvedRaftConfig = {
    heartbeatTicks: 5,
    preVote: true,
    checkQuorum: true,
    promoteLearners: false,
    maxAppendBytes: 256 * 1024,
    maxAppendEntries: 4096,
    maxInflightAppends: 128,
    maxInflightBytes: 8 * 1024 * 1024,
    maxUncommittedBytes: 16 * 1024 * 1024,
    maxCommittedBytes: 1024 * 1024,
    maxUnappliedEntries: 16_384,
    maxPendingReads: 65_536,
    waitForState: false,
    ...config,
    electionTicks,
    electionTicksMax: config.electionTicksMax ?? 2 * electionTicks,
  };
  refuseUnworkable(resolved);
  return resolved;
}

const POSITIVE_INTEGERS = [
  "electionTicks",
  "electionTicksMax",
  "heartbeatTicks",
  "maxAppendBytes",
  "maxAppendEntries",
  "maxInflightAppends",
  "maxInflightBytes",
  "maxUncommittedBytes",
  "maxCommittedBytes",
  "maxUnappliedEntries",
  "maxPendingReads",
] as const satisfies readonly (keyof ResolvedRaftConfig)[];

function refuseUnworkable(config: ResolvedRaftConfig): void {
  const { id, electionTicks, electionTicksMax, heartbeatTicks } = config;
  if (!Number.isInteger(id) || id <= NO_NODE || id >= 2 ** 32) {
    throw new RaftConfigError(`id is ${String(id)}; give a whole number from 1 to 4294967295.`);
  }
  for (const field of POSITIVE_INTEGERS) {
    const value = config[field];
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new RaftConfigError(`${field} is ${String(value)}; give a whole number of at least 1.`);
    }
  }
  if (heartbeatTicks >= electionTicks) {
    throw new RaftConfigError(
      `heartbeatTicks (${heartbeatTicks}) must be below electionTicks (${electionTicks}), or followers campaign between two heartbeats.`,
    );
  }
  if (electionTicksMax <= electionTicks) {
    throw new RaftConfigError(
      `electionTicksMax (${electionTicksMax}) must be above electionTicks (${electionTicks}), or candidates split every vote.`,
    );
  }
  refuseUnsafeLease(config);
}

function refuseUnsafeLease({ lease, checkQuorum }: ResolvedRaftConfig): void {
  if (lease === undefined) return;
  if (!(lease.duration > 0)) {
    throw new RaftConfigError(`lease.duration is ${String(lease.duration)}; give a length of time above 0.`);
  }
  if (!checkQuorum) {
    throw new RaftConfigError(
      "lease needs checkQuorum: without it followers vote while their leader lives. Switch it on, or leave lease out.",
    );
  }
}
