/** What happened in a run, so that one can see that it was no idle one. */
export interface Counters {
  steps: number;
  commits: number;
  terms: number;
  elections: number;
  acknowledged: number;
  unknownWrites: number;
  readsServed: number;
  messages: number;
  lostMessages: number;
  snapshotsInstalled: number;
  crashes: number;
  storageCrashes: number;
  tornWrites: number;
  damagedNodes: number;
  partitions: number;
  transfers: number;
  memberChanges: number;
}

export function noCounts(): Counters {
  return {
    steps: 0,
    commits: 0,
    terms: 0,
    elections: 0,
    acknowledged: 0,
    unknownWrites: 0,
    readsServed: 0,
    messages: 0,
    lostMessages: 0,
    snapshotsInstalled: 0,
    crashes: 0,
    storageCrashes: 0,
    tornWrites: 0,
    damagedNodes: 0,
    partitions: 0,
    transfers: 0,
    memberChanges: 0,
  };
}

/** Adds `more` to `sum`; `terms` too, so divide by the number of runs for a mean. */
export function addCounts(sum: Counters, more: Counters): void {
  for (const name of Object.keys(more) as (keyof Counters)[]) sum[name] += more[name];
}
