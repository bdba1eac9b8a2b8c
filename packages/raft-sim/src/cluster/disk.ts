import type { AppendBatch, Entry, HardState, PersistedState, SnapshotMeta } from "@coxswain/raft-core";
import { type Device, DEVICES, type DiskOperation, type Pending, deviceOf } from "./disk-operation.ts";
import type { MachineState } from "./register-machine.ts";

/** A record's checksum does not fit and it is not the last batch, so it is no torn write (G16). */
export class DamagedLogError extends Error {
  readonly code = "LOG_DAMAGED";
  readonly category = "internal";

  constructor(index: number) {
    super(`The record of entry ${index} is damaged. Wipe this node and let it join as a new member.`);
    this.name = "DamagedLogError";
  }
}

/** What a power cut found, and what became of it. */
export interface CutPower {
  /** Unsynced writes that reached the disk all the same. */
  readonly survived: number;
  /** Unsynced writes that are gone. */
  readonly lost: number;
  /** Half of a log write was found at the next start, and cut off. */
  readonly isTorn: boolean;
}

/**
 * One node's disk: a log and a state, as they would be found after a power cut. They are stores of their own: the
 * writes of each take effect in order and each as a whole, but neither waits for the other. A log write that a
 * crash tears is recognised by its checksum at load, and is gone.
 */
export class SimDisk {
  #hardState: HardState;
  #snapshot: SnapshotMeta;
  #entries: Entry[] = [];
  #state: MachineState;
  #isStateLost = false;
  readonly #unsynced: Record<Device, DiskOperation[]> = { log: [], state: [] };
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

  /** Whether the state was lost, and none has been saved since. */
  get isStateLost(): boolean {
    return this.#isStateLost;
  }

  /** Whether the state ends before the log begins, so that only another node can bring it back (G17). */
  get needsSnapshot(): boolean {
    return this.#state.meta.index < this.#snapshot.index;
  }

  get lastIndex(): number {
    return this.#snapshot.index + this.#entries.length;
  }

  get lastTerm(): number {
    return this.#entries[this.#entries.length - 1]?.term ?? this.#snapshot.term;
  }

  /** Unsynced writes of one store. */
  pending(device: Device): number {
    return this.#unsynced[device].length;
  }

  write(operation: DiskOperation): void {
    this.#unsynced[deviceOf(operation)].push(operation);
  }

  /** Syncs the oldest write of one store. */
  complete(device: Device): DiskOperation | undefined {
    const operation = this.#unsynced[device].shift();
    if (operation !== undefined) this.#take(operation);
    return operation;
  }

  /** Power off. The first `survivors` unsynced writes reached the disk all the same, and perhaps half of another. */
  crash(survivors: Pending, isTearing: boolean): CutPower {
    let lost = 0;
    for (const device of DEVICES) {
      for (let count = 0; count < survivors[device]; count += 1) this.complete(device);
      lost += this.pending(device);
    }
    const isTorn = isTearing && this.#unsynced.log[0]?.type === "append";
    this.#isTailTorn ||= isTorn;
    for (const device of DEVICES) this.#unsynced[device] = [];
    return { survived: survivors.log + survivors.state, lost, isTorn };
  }

  /** Flips a bit in the record of an entry before the last; false when there is none. */
  damage(at: number): boolean {
    if (this.#entries.length < 2) return false;
    this.#damagedIndex = this.#snapshot.index + 1 + Math.floor(at * (this.#entries.length - 1));
    return true;
  }

  /** The state is damaged or gone, and is set aside (G17): what opens from now on is `empty`. */
  loseState(empty: MachineState): void {
    this.#state = empty;
    this.#isStateLost = true;
  }

  /** Reads the log. Throws {@link DamagedLogError}; a torn tail is cut off. True in `torn` when it was. */
  load(): PersistedState & { readonly torn: boolean } {
    if (this.#damagedIndex !== undefined) throw new DamagedLogError(this.#damagedIndex);
    const torn = this.#isTailTorn;
    this.#isTailTorn = false;
    return { hardState: this.#hardState, snapshot: this.#snapshot, entries: [...this.#entries], torn };
  }

  /**
   * Whether the entry would survive a power cut: as a record, or as part of the state that replaced it. A state or
   * log that was damaged since counts: that is a fault which the cluster must bear, not one of its own.
   */
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
        this.#isStateLost = false;
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
