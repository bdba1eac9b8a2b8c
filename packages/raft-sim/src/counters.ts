/** What is counted in a run, and what each count means: the rows of the coverage table. */
export const COUNTED = {
  steps: "deliveries, ticks, storage completions, client calls and faults",
  commits: "entries committed",
  terms: "the last term",
  elections: "leaders elected",
  acknowledged: "writes acknowledged",
  unknownWrites: "writes whose outcome their client never learns",
  droppedWrites: "writes reported as dropped",
  leaderReads: "reads served by a leader, after a round of heartbeats",
  leaseReads: "... under its lease, without a round",
  expiredLeaseReads: "... after a round, since its lease had run out or was given up",
  closeLeaseReads: "leaders elected within an election timeout of another's last read under its lease",
  usurpations: "elections begun while their leader was kept from hearing of them",
  deposedReads: "reads asked of a leader as soon as its successor has committed something",
  keptPromises: "votes refused for the promise of a lease alone",
  followerReads: "reads served by another member, forwarded",
  recoveryReads: "reads served by each member once all is healed",
  droppedReads: "reads reported as not confirmed",
  messages: "packets sent",
  lostMessages: "packets lost, at cut links too",
  duplicatedMessages: "packets that arrive twice",
  reorderedMessages: "packets that overtake an earlier one of their link",
  lateMessages: "packets up to 0.6 s late",
  partitions: "partitions of any kind",
  oneWayCuts: "links that carry one way only",
  skewedClocks: "nodes whose clock is off",
  pauses: "nodes that stood still for a while, as in a paused machine",
  slowDisks: "disks made 5 to 25 times slower",
  slowApplies: "batches that the state machine took its time for",
  deferredReadies: "calls that share the ready of the next",
  crashes: "power cuts",
  storageCrashes: "power cuts at a storage call",
  cutsAtAppend: "... at an append to the log",
  cutsAtCompact: "... at a compaction of the log",
  cutsAtReset: "... at a reset of the log, while a snapshot is installed",
  cutsAtSaveState: "... at a save of the state, for a compaction or a snapshot",
  cutsAtRecovery: "... while a log is made to fit its state at a start",
  statesAhead: "starts with a state ahead of the log, which then begins anew",
  tornWrites: "halves of log writes found and cut off",
  lostWrites: "unsynced writes lost in a power cut",
  survivingWrites: "unsynced writes that survived a power cut",
  bitFlips: "records damaged in a log, before its last",
  damagedLogs: "damaged logs found at a start, and refused",
  wipedDisks: "disks emptied",
  refusedDisks: "nodes refused under their old id, since their disk is not the one known",
  replacedNodes: "nodes lost for good whose removal was committed",
  lostStates: "states damaged or lost, the log being whole",
  replayedStates: "... that the log could bring back, reaching back to its beginning",
  reinstalledStates: "... that a leader's snapshot brought back",
  compactions: "saves of the state, to compact the log",
  snapshotsSent: "snapshots sent",
  snapshotsInstalled: "snapshots installed",
  installsDuringWrites: "... while writes went on: more was committed meanwhile",
  installsKeepingLog: "... in front of a log that went on from there",
  brokenInstalls: "snapshots that turned out damaged",
  transfers: "leadership transfers begun",
  transfersDone: "... that ended with the leader stepping down",
  memberChanges: "membership changes taken",
  refusedChanges: "membership changes refused by the core",
  jointLeft: "joint configurations left, by a commit",
  learnersAdded: "learners added, by a commit",
  learnersPromoted: "learners given a vote, by a commit",
  leaderRemovals: "leaders that committed their own removal",
} as const;

/** Something that a run counts. */
export type Counter = keyof typeof COUNTED;

/** What happened in a run, so that one can see that it was no idle one. */
export type Counters = Record<Counter, number>;

/** All at zero. */
export function noCounts(): Counters {
  return Object.fromEntries(Object.keys(COUNTED).map((name) => [name, 0])) as Counters;
}

/** Adds `more` to `sum`; `terms` too, so divide by the number of runs for a mean. */
export function addCounts(sum: Counters, more: Counters): void {
  for (const name of Object.keys(more) as Counter[]) sum[name] += more[name];
}
