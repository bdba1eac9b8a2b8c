import type { RaftConfig } from "@coxswain/raft-core";
import { Random } from "../random.ts";
import { FAULT_CLASSES, type FaultClass } from "./fault-class.ts";

/** One tick of a clock that runs true. */
export const TICK_US = 10_000;

/** How the world of one seed is: every probability, delay and size. */
export interface Profile {
  readonly nodes: number;
  /** Of every node; the cluster adds what is its own. */
  readonly config: WorldConfig;
  /** Of a message; mean of what is added to the least delay. */
  readonly minDelayUs: number;
  readonly meanDelayUs: number;
  readonly lossChance: number;
  readonly duplicateChance: number;
  readonly lateChance: number;
  readonly isReordering: boolean;
  readonly meanSyncUs: number;
  /** Mean time to apply a batch; 0 applies at once. */
  readonly meanApplyUs: number;
  /** Clocks run at between 1 / skew and skew. */
  readonly skew: number;
  /** How long a lease lasts, by the clock of the leader that holds it; 0 for worlds without. */
  readonly leaseUs: number;
  /** That several calls of the core share one ready. */
  readonly batchChance: number;
  /** Entries between compactions; 0 for none. */
  readonly compactEvery: number;
  readonly brokenInstallChance: number;
  /** Mean time that a snapshot's stream takes. */
  readonly meanSnapshotUs: number;
  /** That each unsynced write survives a crash. */
  readonly survivalChance: number;
  readonly clientGapUs: number;
  readonly readShare: number;
  /** Of reads that are asked of any node, not of one that says it leads. */
  readonly followerShare: number;
  readonly faultGapUs: number;
  readonly enabled: ReadonlySet<FaultClass>;
}

/**
 * The world of a seed. Each class of faults is left out of a third of the seeds (swarm testing: what is
 * always on hides what only shows without it), and of all seeds if it is in `without`.
 */
export function profileOf(seed: number, without: ReadonlySet<FaultClass> = new Set()): Profile {
  const random = new Random(seed, 1);
  const sizes = [3, 3, 3, 4, 5, 5, 5, 6, 7];
  const nodes = sizes[random.below(sizes.length)] ?? 3;
  const enabled = new Set<FaultClass>();
  for (const each of FAULT_CLASSES) if (random.chance(2 / 3) && !without.has(each)) enabled.add(each);
  // Drawn whether or not it is used, so that leaving a class out changes nothing else.
  const when = (on: FaultClass, value: number, otherwise: number = 0): number =>
    enabled.has(on) ? value : otherwise;
  const config = configOf(random, enabled);
  const profile = {
    nodes,
    config,
    minDelayUs: random.between(100, 1_500),
    meanDelayUs: random.between(200, 3_000),
    lossChance: when("loss", random.between(0.005, 0.12)),
    duplicateChance: when("duplication", random.between(0.01, 0.15)),
    lateChance: when("latecomers", random.between(0.005, 0.04)),
    isReordering: enabled.has("reordering"),
    meanSyncUs: random.between(200, 6_000),
    meanApplyUs: when("slowApply", random.between(200, 8_000)),
    skew: when("skew", random.between(1.05, 1.8), 1),
    batchChance: when("batching", random.between(0.05, 0.9)),
    compactEvery: when("snapshots", 3 + Math.floor(random.next() ** 2 * 30)),
    brokenInstallChance: when("brokenInstalls", random.between(0.05, 0.4)),
    meanSnapshotUs: random.between(500, 60_000),
    survivalChance: when("survivingWrites", random.between(0.2, 0.8)),
    clientGapUs: random.between(3_000, 30_000),
    readShare: when("reads", readShareOf(random, enabled.has("leases"))),
    followerShare: random.between(0.1, 0.6),
    faultGapUs: random.between(15_000, 120_000),
    enabled,
  };
  const hasLeases = enabled.has("leases") && config.checkQuorum;
  return { ...profile, leaseUs: hasLeases ? leaseUsOf(config.electionTicks, profile.skew) : 0 };
}

/**
 * As long as it may be, so that what is wrong by little shows. A voter's promise lasts `electionTicks` ticks, less the
 * part of a tick that is over when it is given; the voter's clock may run fast and the leader's slow, each by `skew`.
 * A driver's `maxClockDrift`, by which the clocks of two members may differ, would be 1 - 1 / skew² here. Each tick
 * comes up to half a microsecond early, since events have whole ones.
 */
function leaseUsOf(electionTicks: number, skew: number): number {
  const shortestTickUs = TICK_US / skew - 0.5;
  return ((electionTicks - 1) * shortestTickUs) / skew;
}

/**
 * Leases are for clusters where little is written. And only there can a node that its leader does not reach be elected
 * before the lease is over: its log is still as good as any.
 */
function readShareOf(random: Random, hasLeases: boolean): number {
  const mixed = random.between(0.1, 0.6);
  const mostly = random.between(0.85, 0.99);
  return random.chance(0.5) && hasLeases ? mostly : mixed;
}

/** How every node of a world is set, its id aside. What the simulator itself needs is always there. */
export type WorldConfig = Omit<RaftConfig, "id"> &
  Required<Pick<RaftConfig, "electionTicks" | "electionTicksMax" | "checkQuorum">>;

function configOf(random: Random, enabled: ReadonlySet<FaultClass>): WorldConfig {
  const heartbeatTicks = 1 + random.below(3);
  const electionTicks = heartbeatTicks + 3 + random.below(6);
  const isSmall = enabled.has("smallWindows");
  const small = {
    maxAppendBytes: 60 + random.below(200),
    maxAppendEntries: 1 + random.below(6),
    maxInflightAppends: 1 + random.below(4),
    maxUncommittedBytes: 300 + random.below(2_000),
    maxCommittedBytes: 60 + random.below(400),
    maxUnappliedEntries: 2 + random.below(20),
  };
  const preVote = random.chance(0.75);
  const checkQuorum = random.chance(0.8);
  const promoteLearners = random.chance(0.3);
  // A removed member that nobody tells would otherwise depose leaders for ever.
  const isGuarded = enabled.has("membership");
  return {
    heartbeatTicks,
    electionTicks,
    electionTicksMax: electionTicks + 4 + random.below(electionTicks),
    preVote: preVote || isGuarded,
    checkQuorum: checkQuorum || isGuarded,
    promoteLearners,
    ...(isSmall ? small : {}),
  };
}
