import type { AppendBatch, Entry, HardState, PersistedState, SnapshotMeta } from "@coxswain/raft-core";
import type { MachineState } from "./register-machine.ts";

/** A write that was issued; durable when {@link SimDisk.complete} has taken it, and maybe after a crash. */
export type DiskOperation =
  | { readonly type: "append"; readonly batch: AppendBatch }
  | { readonly type: "compact"; readonly meta: SnapshotMeta }
  | { readonly type: "reset"; readonly meta: SnapshotMeta }
  /** The state machine's own store; `purpose` is what the driver goes on with. */
  | { readonly type: "saveState"; readonly state: MachineState; readonly purpose: "compaction" | "install" };

/** A record's checksum does not fit and it is not the last batch, so it is no torn write (G16). */
export class DamagedLogError extends Error {
  readonly code = "LOG_DAMAGED";
  readonly category = "internal";

  constructor(index: number) {
    super(`The record of entry ${index} is damaged. Wipe this node and let it join as a new member.`);
    this.name = "DamagedLogError";
  }
}

/**
 * One node's disk: a log and a state, as they would be found after a power cut. Writes take effect in order
 * and each as a whole; a batch that a crash tears is recognised by its checksum at load, and is gone.
 */
export class SimDisk {
  #hardState: HardState;
  #snapshot: SnapshotMeta;
  #entries: Entry[] = [];
  #state: MachineState;
  #unsynced: DiskOperation[] = [];
  #damagedIndex: number | undefined = undefined;
  #isTailTorn = false;

  constructor(state: MachineState) {
    this.#hardState = { term: 0, votedFor: 0 };
    this.#snapshot = state.meta;
    this.#state = state;
  }

  /** What the state machine would open with. */
  get state(): MachineState {
    return this.#state;
  }

  get hardState(): HardState {
    return this.#hardState;
  }

  /** Whether the next load will be refused. */
  get isDamaged(): boolean {
    return this.#damagedIndex !== undefined;
  }

  get pending(): number {
    return this.#unsynced.length;
  }

  get lastIndex(): number {
    return this.#snapshot.index + this.#entries.length;
  }

  write(operation: DiskOperation): void {
    this.#unsynced.push(operation);
  }

  /** Syncs the oldest write. */
  complete(): DiskOperation | undefined {
    const operation = this.#unsynced.shift();
    if (operation !== undefined) this.#take(operation);
    return operation;
  }

  /** Power off. The first `survivors` unsynced writes reached the disk all the same, and perhaps half of another. */
  crash(survivors: number, isTorn: boolean): void {
    for (let count = 0; count < survivors; count += 1) this.complete();
    this.#isTailTorn = isTorn && this.#unsynced[0]?.type === "append";
    this.#unsynced = [];
  }

  /** Flips a bit in the record of an entry before the last; false when there is none. */
  damage(at: number): boolean {
    if (this.#entries.length < 2) return false;
    this.#damagedIndex = this.#snapshot.index + 1 + Math.floor(at * (this.#entries.length - 1));
    return true;
  }

  /** Reads the log. Throws {@link DamagedLogError}; a torn tail is cut off. True in `torn` when it was. */
  load(): PersistedState & { readonly torn: boolean } {
    if (this.#damagedIndex !== undefined) throw new DamagedLogError(this.#damagedIndex);
    const torn = this.#isTailTorn;
    this.#isTailTorn = false;
    return { hardState: this.#hardState, snapshot: this.#snapshot, entries: [...this.#entries], torn };
  }

  /** Whether the entry would survive a power cut: as a record, or as part of the state that replaced it. */
  holds(index: number, term: number): boolean {
    if (index <= this.#snapshot.index) return true;
    return this.#entries[index - this.#snapshot.index - 1]?.term === term;
  }

  #take(operation: DiskOperation): void {
    switch (operation.type) {
      case "append":
        this.#append(operation.batch);
        break;
      case "compact":
        this.#compact(operation.meta);
        break;
      case "reset":
        this.#entries = [];
        this.#snapshot = operation.meta;
        this.#damagedIndex = undefined;
        break;
      case "saveState":
        this.#state = operation.state;
        break;
    }
  }

  #append({ hardState, entries }: AppendBatch): void {
    this.#hardState = hardState ?? this.#hardState;
    const first = entries[0];
    if (first === undefined) return;
    const kept = first.index - this.#snapshot.index - 1;
    if (kept < 0 || kept > this.#entries.length) {
      throw new Error(`the disk was given entry ${first.index} after ${this.lastIndex}: a gap`);
    }
    this.#entries.length = kept;
    for (const entry of entries) this.#entries.push(entry);
    if (this.#damagedIndex !== undefined && this.#damagedIndex >= first.index) this.#damagedIndex = undefined;
  }

  #compact(meta: SnapshotMeta): void {
    this.#entries.splice(0, meta.index - this.#snapshot.index);
    this.#snapshot = meta;
    if (this.#damagedIndex !== undefined && this.#damagedIndex <= meta.index) this.#damagedIndex = undefined;
  }
}
