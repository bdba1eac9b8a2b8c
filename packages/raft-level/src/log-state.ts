/**
 * Where the log stands: what the records say once the writes so far have happened.
 */
import type { HardState, SnapshotMeta } from "@coxswain/raft-core";
import type { LogStart } from "./log-start.ts";

export interface LogState {
  /** Where the log begins, and which epoch of entries is alive. */
  readonly start: LogStart;
  /** The last index; `start.snapshot.index` when there is no entry. */
  readonly lastIndex: number;
  readonly hardState: HardState;
  /** The number of the last write. */
  readonly sequence: number;
}

const EMPTY_SNAPSHOT: SnapshotMeta = {
  index: 0,
  term: 0,
  configuration: { voters: [], votersOutgoing: [], learners: [] },
  featureLevel: 0,
};

/** The state of a log that has never been written. */
export function emptyLogState(): LogState {
  return {
    start: { epoch: 0, snapshot: EMPTY_SNAPSHOT },
    lastIndex: 0,
    hardState: { term: 0, votedFor: 0 },
    sequence: -1,
  };
}
