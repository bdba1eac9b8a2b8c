import type { Clock, LogStorage, StateMachine, Transport } from "../contracts.ts";
import type { Configuration, NodeId } from "../types.ts";
import { InvalidOptionError } from "./errors.ts";
import type { RaftNodeEvent } from "./events.ts";
import type { RaftObserver } from "./observer.ts";

const KIB = 1024;
const MIB = 1024 * KIB;

/** What a {@link RaftNode} is built from. It closes none of these: stop the node first, then close them. */
export interface RaftNodeParts<Result> {
  /** This member. Never reuse the id of a node whose disk was lost (G1). */
  readonly id: NodeId;
  readonly storage: LogStorage;
  readonly stateMachine: StateMachine<Result>;
  readonly transport: Transport;
  readonly clock: Clock;
  /** Gives numbers in [0, 1); spreads the election timeouts. Nodes that share a seed vote against each other. */
  readonly random: () => number;
  /**
   * The members to begin with: recorded when the storage is empty, ignored ever after. The same on every founder.
   * A node that is to join a running cluster names the others, not itself, and waits to be added.
   */
  readonly bootstrap: Configuration;
  /** Called for each event, the first no earlier than one tick after the start: `start` has resolved by then. */
  readonly onEvent?: (event: RaftNodeEvent) => void;
  /** Told how long things take and how they end, for metrics. Default: nobody, at no cost. */
  readonly observer?: RaftObserver;
}

/** What may be tuned. Every limit bounds something that would otherwise grow with load. */
export interface RaftNodeSettings {
  /** Length of one step of time. Default 10. Risk: smaller costs CPU, larger coarsens every timeout. */
  readonly tickMs: number;
  /**
   * A follower that hears nothing for a time drawn from here campaigns; `min` is also the check-quorum period
   * and the limit of a transfer. Default 150 to 300. Risk: below a few heartbeats plus the longest pause of
   * the process, working leaders are deposed.
   */
  readonly electionTimeoutMs: { readonly min: number; readonly max: number };
  /** How often a leader says that it lives. Default 50. Risk: near `electionTimeoutMs.min` one lost message elects. */
  readonly heartbeatMs: number;

  /**
   * Give every learner a vote as soon as it keeps up. The same on every node. Default false: learners learn
   * until `promoteLearner` is asked for. Risk when on: no lasting learners, such as read replicas.
   */
  readonly promoteLearners: boolean;

  /** Largest single proposal. Default 1 MiB. Risk: larger ones hold up everything behind them. */
  readonly maxProposalBytes: number;
  /** Proposals begun and not ended, on this node. Default 8192. Risk: higher means longer queues, not more throughput. */
  readonly maxInflightProposals: number;
  /**
   * Bytes of proposals begun and not ended, and of uncommitted entries. Default 16 MiB.
   * Risk: without a quorum this is what a leader's memory grows by.
   */
  readonly maxUncommittedBytes: number;
  /** Part of both limits that only "system" proposals may use (G21). Default 0.125. Risk: 0 lets a flood starve finishes and leases. */
  readonly systemShare: number;
  /** Reads waiting for their confirmation. Default 10,000. */
  readonly maxPendingReads: number;
  /**
   * Answer linearizable reads at the leader from a lease, without a round of messages (dissertation 6.4.1). The same on
   * every node, as are `tickMs` and `electionTimeoutMs.min` with it: to change one of them, stop every node first, since
   * a leader counts on what the others promise. It also keeps a restarted node from voting for `electionTimeoutMs.min`.
   * Default false. Risk: the only promise here that trusts clocks: a leader whose `clock.now` stands still, as while its
   * machine is suspended or migrated, may read old values when it wakes.
   */
  readonly leaseReads: boolean;
  /** The part by which the clocks of two members may differ in speed; shortens the lease. Default 0.1. */
  readonly maxClockDrift: number;

  /**
   * Log writes under way at once; proposals that arrive meanwhile share the next one. Default 2: one is synced
   * while the next fills. Risk: 1 idles the disk between syncs, many make small batches.
   */
  readonly maxPendingWrites: number;
  /** Bytes of proposals in one log write. Default 1 MiB. Risk: larger writes block the loop longer (G22: 10 ms). */
  readonly maxWriteBytes: number;

  /** Bytes of entries in one append message. Default 256 KiB. Risk: large ones hold up heartbeats on a slow link. */
  readonly maxAppendBytes: number;
  /** Append messages under way to one follower. Default 128. */
  readonly maxInflightAppends: number;
  /** Bytes under way to one follower. Default 8 MiB. Risk: below bandwidth times round trip it limits throughput. */
  readonly maxInflightBytes: number;

  /** Entries in one call of `apply`. Default 1024. Risk: long batches are long synchronous work (G22). */
  readonly maxApplyEntries: number;
  /** Bytes in one call of `apply`; one larger entry goes alone. Default 1 MiB. */
  readonly maxApplyBytes: number;

  /** The log in memory above which it is compacted. Default 64 MiB. Risk: small logs mean more snapshots to slow followers. */
  readonly logMaxBytes: number;
  /**
   * The same as a count of entries, for small ones. Default 65,536. Risk: many small objects held for long make the
   * collector's pauses longer, and pauses near `electionTimeoutMs.min` elect.
   */
  readonly logMaxEntries: number;
  /** Part of both that compaction leaves for followers that lag. Default 0.25. */
  readonly logTailShare: number;
  /**
   * A snapshot on its way out, and the peer that takes the log after it, keep the log from being compacted up to here; then
   * the snapshot is aborted (G18). Default 128 MiB.
   */
  readonly logHardBytes: number;
  /** The same as a count of entries, for small ones, each of which is some objects. Default 524,288. */
  readonly logHardEntries: number;

  /** Pause after a failed snapshot, doubled with each failure up to `max`. Default 1,000 to 30,000. */
  readonly snapshotRetryMs: { readonly min: number; readonly max: number };
  /** A stream of a snapshot that brings nothing for so long is given up. Default 30,000. Risk: too short for a slow disk. */
  readonly snapshotStallMs: number;

  /** The highest meaning level of state that this release supports (G7). Default 0. */
  readonly featureLevel: number;
}

/** The parts of a {@link RaftNode}, and whatever of its settings differs from {@link DEFAULT_SETTINGS}. */
export type RaftNodeOptions<Result> = RaftNodeParts<Result> & Partial<RaftNodeSettings>;
export type ResolvedOptions<Result> = RaftNodeParts<Result> & RaftNodeSettings;

/** What holds for each setting that is not given. */
export const DEFAULT_SETTINGS: RaftNodeSettings = {
  tickMs: 10,
  electionTimeoutMs: { min: 150, max: 300 },
  heartbeatMs: 50,
  promoteLearners: false,
  maxProposalBytes: MIB,
  maxInflightProposals: 8192,
  maxUncommittedBytes: 16 * MIB,
  systemShare: 0.125,
  maxPendingReads: 10_000,
  leaseReads: false,
  maxClockDrift: 0.1,
  maxPendingWrites: 2,
  maxWriteBytes: MIB,
  maxAppendBytes: 256 * KIB,
  maxInflightAppends: 128,
  maxInflightBytes: 8 * MIB,
  maxApplyEntries: 1024,
  maxApplyBytes: MIB,
  logMaxBytes: 64 * MIB,
  logMaxEntries: 65_536,
  logTailShare: 0.25,
  logHardBytes: 128 * MIB,
  logHardEntries: 524_288,
  snapshotRetryMs: { min: 1_000, max: 30_000 },
  snapshotStallMs: 30_000,
  featureLevel: 0,
};

/** Fills in the defaults and refuses what cannot work. Throws {@link InvalidOptionError}. */
export function resolveOptions<Result>(options: RaftNodeOptions<Result>): ResolvedOptions<Result> {
  const resolved = { ...DEFAULT_SETTINGS, ...options };
  refuseUnworkable(resolved);
  return resolved;
}

const COUNTS = [
  "maxProposalBytes",
  "maxInflightProposals",
  "maxUncommittedBytes",
  "maxPendingReads",
  "maxPendingWrites",
  "maxWriteBytes",
  "maxApplyEntries",
  "maxApplyBytes",
  "logMaxBytes",
  "logMaxEntries",
  "logHardBytes",
  "logHardEntries",
] as const satisfies readonly (keyof RaftNodeSettings)[];

function refuseUnworkable(settings: RaftNodeSettings & { readonly bootstrap: Configuration }): void {
  for (const name of COUNTS) {
    const value = settings[name];
    if (!Number.isSafeInteger(value) || value < 1)
      throw new InvalidOptionError(`${name} is ${value}; give a whole number above 0.`);
  }
  for (const name of ["systemShare", "logTailShare", "maxClockDrift"] as const) {
    const value = settings[name];
    if (!(value >= 0 && value < 1))
      throw new InvalidOptionError(`${name} is ${value}; give a number from 0 to below 1.`);
  }
  const { maxProposalBytes, maxUncommittedBytes, systemShare } = settings;
  refuseUnworkableTick(settings);
  if (maxProposalBytes > maxUncommittedBytes * (1 - systemShare)) {
    throw new InvalidOptionError(
      `maxUncommittedBytes (${maxUncommittedBytes}) leaves no room for one proposal of maxProposalBytes (${maxProposalBytes}).`,
    );
  }
  refuseBelow(settings, "logHardBytes", "logMaxBytes");
  refuseBelow(settings, "logHardEntries", "logMaxEntries");
  if (settings.bootstrap.voters.length === 0)
    throw new InvalidOptionError("bootstrap names no voters; name at least this node.");
}

function refuseBelow(settings: RaftNodeSettings, name: (typeof COUNTS)[number], least: (typeof COUNTS)[number]): void {
  if (settings[name] >= settings[least]) return;
  throw new InvalidOptionError(`${name} (${settings[name]}) must not be below ${least} (${settings[least]}).`);
}

function refuseUnworkableTick({ tickMs, leaseReads }: RaftNodeSettings): void {
  if (!(tickMs > 0)) throw new InvalidOptionError(`tickMs is ${tickMs}; give milliseconds above 0.`);
  // Node's timers drop the fraction: ticks would come early, and a promise counted in them would end before the lease.
  if (!leaseReads || Number.isInteger(tickMs)) return;
  throw new InvalidOptionError(`tickMs is ${tickMs}; with leaseReads give whole milliseconds.`);
}
