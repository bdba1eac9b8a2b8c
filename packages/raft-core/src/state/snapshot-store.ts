import type { SnapshotMeta } from "../types.ts";

/** A whole state and the point of the log that it holds. */
export interface StoredSnapshot {
  readonly meta: SnapshotMeta;
  readonly bytes: Uint8Array;
}

/** Where a {@link SnapshottedStateMachine} keeps its newest state. Calls come one at a time. */
export interface SnapshotStore {
  /** The last one saved; `undefined` in a new place. Refuses a damaged one with a typed error that names the way back. */
  load(): Promise<StoredSnapshot | undefined>;
  /** Resolves when it would survive a power cut; until then, and after a rejection, the one before stands. */
  save(snapshot: StoredSnapshot): Promise<void>;
}

/** The in-memory twin of a snapshot store. */
export class MemorySnapshotStore implements SnapshotStore {
  #saved: StoredSnapshot | undefined;

  load(): Promise<StoredSnapshot | undefined> {
    return Promise.resolve(this.#saved && structuredClone(this.#saved));
  }

  save(snapshot: StoredSnapshot): Promise<void> {
    this.#saved = structuredClone(snapshot);
    return Promise.resolve();
  }
}
