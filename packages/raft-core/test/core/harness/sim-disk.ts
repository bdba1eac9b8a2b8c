import type { AppendBatch, Entry, HardState, PersistedState, SnapshotMeta } from "../../../src/types.ts";

type Operation =
  | { readonly type: "append"; readonly batch: AppendBatch; readonly done: () => void }
  | {
      readonly type: "install";
      readonly meta: SnapshotMeta;
      readonly keepsLog: boolean;
      readonly state: readonly Entry[];
      readonly done: () => void;
    };

/** A log storage whose syncs happen when the test says so. What was not synced is gone after a crash. */
export class SimDisk {
  hardState: HardState;
  snapshot: SnapshotMeta;
  entries: Entry[];
  /** The applied entries that the snapshot stands for. */
  snapshotState: readonly Entry[] = [];
  /** The state is gone, and the log is not. */
  hasLostState = false;
  #queue: Operation[] = [];

  constructor(persisted: PersistedState) {
    this.hardState = persisted.hardState;
    this.snapshot = persisted.snapshot;
    this.entries = [...persisted.entries];
  }

  get pending(): number {
    return this.#queue.length;
  }

  append(batch: AppendBatch, done: () => void): void {
    this.#queue.push({ type: "append", batch, done });
  }

  install(meta: SnapshotMeta, keepsLog: boolean, state: readonly Entry[], done: () => void): void {
    this.#queue.push({ type: "install", meta, keepsLog, state, done });
  }

  loseState(): void {
    this.hasLostState = this.snapshot.index > 0;
    if (this.hasLostState) this.snapshotState = [];
  }

  /** Takes effect at once: it only forgets what is synced. */
  compact(meta: SnapshotMeta, state: readonly Entry[]): void {
    this.entries = this.entries.filter((entry) => entry.index > meta.index);
    this.snapshot = meta;
    this.snapshotState = state;
  }

  /** Syncs the oldest operation and reports it. */
  sync(): void {
    const operation = this.#queue.shift();
    if (operation === undefined) return;
    if (operation.type === "append") this.#write(operation.batch);
    else this.#replace(operation);
    operation.done();
  }

  crash(): void {
    this.#queue = [];
  }

  load(): PersistedState {
    return { hardState: this.hardState, snapshot: this.snapshot, entries: [...this.entries] };
  }

  holds(index: number, term: number): boolean {
    if (index <= this.snapshot.index) return true;
    return this.entries[index - this.snapshot.index - 1]?.term === term;
  }

  #write(batch: AppendBatch): void {
    this.hardState = batch.hardState ?? this.hardState;
    const first = batch.entries[0];
    if (first === undefined) return;
    const kept = first.index - this.snapshot.index - 1;
    if (kept < 0 || kept > this.entries.length)
      throw new Error(`the storage was given a gap before ${first.index}`);
    this.entries = [...this.entries.slice(0, kept), ...batch.entries];
  }

  #replace({ meta, keepsLog, state }: Operation & { readonly type: "install" }): void {
    this.entries = keepsLog ? this.entries.filter((entry) => entry.index > meta.index) : [];
    this.hasLostState = false;
    this.snapshot = meta;
    this.snapshotState = state;
  }
}
