/**
 * Where the log stands: what the records say once the writes so far have happened.
 */
import type { HardState, SnapshotMeta } from "@coxswain/raft-core";

export interface LogState {
  /** Where the log begins. */
  readonly snapshot: SnapshotMeta;
  /** The last index; `snapshot.index` when there is no entry. */
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
  return { snapshot: EMPTY_SNAPSHOT, lastIndex: 0, hardState: { term: 0, votedFor: 0 }, sequence: -1 };
}
