import type { Configuration, Entry, PersistedState, SnapshotMeta } from "../types.ts";
import { ConfigurationHistory } from "./configuration-history.ts";
import { invariant, RaftStateError } from "./errors.ts";

/** What an entry weighs against limits: its bytes, and about what its head costs on the wire. */
export function entrySizeBytes(entry: Entry): number {
  return entry.data.length + 16;
}

/** Fills slots of compacted entries, so that their bytes can be collected before the slots are. */
const FORGOTTEN: Entry = { index: 0, term: 0, type: "noop", data: new Uint8Array() };

/**
 * The log in memory, from the entry after `snapshot` on. Appending, reading by index and cutting either
 * end cost nothing per entry that stays: slots of compacted entries are given back in bulk.
 */
export class RaftLog {
  #snapshot: SnapshotMeta;
  #slots: Entry[] = [];
  /** The slot of the first entry; those before it are forgotten. */
  #head = 0;
  #sizeBytes = 0;
  readonly #configurations: ConfigurationHistory;

  constructor(persisted: PersistedState) {
    this.#snapshot = persisted.snapshot;
    this.#configurations = new ConfigurationHistory(persisted.snapshot);
    refuseBroken(persisted);
    for (const entry of persisted.entries) this.append(entry);
  }

  get snapshot(): SnapshotMeta {
    return this.#snapshot;
  }

  /** The oldest entry held; `lastIndex + 1` when there is none. */
  get firstIndex(): number {
    return this.#snapshot.index + 1;
  }

  get lastIndex(): number {
    return this.#snapshot.index + this.#slots.length - this.#head;
  }

  get lastTerm(): number {
    return this.#slots.length > this.#head
      ? (this.#slots[this.#slots.length - 1]?.term ?? 0)
      : this.#snapshot.term;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** In force now: the newest appended, committed or not. */
  get configuration(): Configuration {
    return this.#configurations.current;
  }

  /** The index of the entry, or snapshot, that brought {@link configuration}. */
  get configurationIndex(): number {
    return this.#configurations.currentIndex;
  }

  /** In force in a log that ends at `index`; undefined below the snapshot. */
  configurationAt(index: number): Configuration | undefined {
    return this.#configurations.at(index);
  }

  /** The one in force at `index`, and all later ones. */
  configurationsFrom(index: number): Configuration[] {
    return this.#configurations.from(index);
  }

  /** Undefined when the index is compacted or not there yet. */
  termAt(index: number): number | undefined {
    if (index === this.#snapshot.index) return this.#snapshot.term;
    return this.entryAt(index)?.term;
  }

  entryAt(index: number): Entry | undefined {
    return index > this.#snapshot.index ? this.#slots[this.#slotOf(index)] : undefined;
  }

  /** From `from` on, within both limits, but at least one entry if there is one. */
  slice(from: number, maxEntries: number, maxBytes: number): Entry[] {
    if (from < this.firstIndex) return [];
    const start = this.#slotOf(from);
    const limit = Math.min(this.#slots.length, start + maxEntries);
    let end = start;
    for (let bytes = 0; end < limit; end += 1) {
      const entry = this.#slots[end];
      if (entry === undefined) break;
      bytes += entrySizeBytes(entry);
      if (bytes > maxBytes && end > start) break;
    }
    return this.#slots.slice(start, end);
  }

  /** Raft paper, 5.4.1: whether a log that ends there is at least as complete as this one. */
  isUpToDate(lastIndex: number, lastTerm: number): boolean {
    return lastTerm > this.lastTerm || (lastTerm === this.lastTerm && lastIndex >= this.lastIndex);
  }

  /**
   * The greatest index, not above `index`, whose term is not above `term`: the best place to look for
   * a match with a log that has `term` at `index`. Terms never fall along a log, so halving finds it.
   */
  lastIndexWithTermAtMost(index: number, term: number): number {
    let low = this.#snapshot.index - 1;
    let high = Math.min(index, this.lastIndex);
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.termAt(middle) ?? 0) <= term) low = middle;
      else high = middle - 1;
    }
    return high;
  }

  append(entry: Entry): void {
    invariant(entry.index === this.lastIndex + 1, () => `entry ${entry.index} after ${this.lastIndex}.`);
    this.#slots.push(entry);
    this.#sizeBytes += entrySizeBytes(entry);
    if (entry.type === "config") this.#configurations.appended(entry);
  }

  /** Forgets everything from `index` on. */
  truncateFrom(index: number): void {
    invariant(index >= this.firstIndex, () => `truncation at ${index}, below the snapshot.`);
    for (let at = this.#slotOf(index); at < this.#slots.length; at += 1) {
      this.#sizeBytes -= entrySizeBytes(this.#slots[at] ?? FORGOTTEN);
    }
    this.#slots.length = Math.min(this.#slots.length, this.#slotOf(index));
    this.#configurations.truncatedFrom(index);
  }

  /** Forgets everything up to `meta.index`, which must be held. */
  compact(meta: SnapshotMeta): void {
    invariant(this.termAt(meta.index) === meta.term, () => `snapshot ${meta.index} is not of this log.`);
    const head = this.#slotOf(meta.index) + 1;
    for (let at = this.#head; at < head; at += 1) {
      this.#sizeBytes -= entrySizeBytes(this.#slots[at] ?? FORGOTTEN);
      this.#slots[at] = FORGOTTEN;
    }
    this.#head = head;
    this.#snapshot = meta;
    this.#configurations.compacted(meta);
    this.#giveBackSlots();
  }

  /** Replaces the whole log by an empty one after `meta`. */
  reset(meta: SnapshotMeta): void {
    this.#slots = [];
    this.#head = 0;
    this.#sizeBytes = 0;
    this.#snapshot = meta;
    this.#configurations.truncatedFrom(0);
    this.#configurations.compacted(meta);
  }

  #slotOf(index: number): number {
    return this.#head + index - this.firstIndex;
  }

  /** Moving what is left costs less than what was forgotten since the last time. */
  #giveBackSlots(): void {
    if (this.#head < 1024 || this.#head * 2 < this.#slots.length) return;
    this.#slots = this.#slots.slice(this.#head);
    this.#head = 0;
  }
}

function refuseBroken({ hardState, snapshot, entries }: PersistedState): void {
  let { index, term } = snapshot;
  for (const entry of entries) {
    if (entry.index !== index + 1 || entry.term < term) {
      throw new RaftStateError(
        `The log has entry ${entry.index} of term ${entry.term} after entry ${index} of term ${term}. ` +
          "Restore this node from a peer: wipe it and let it join as a new member.",
      );
    }
    ({ index, term } = entry);
  }
  if (term > hardState.term) {
    throw new RaftStateError(
      `The log ends in term ${term}, but the durable term is ${hardState.term}: the vote record was lost. ` +
        "Restore this node from a peer: wipe it and let it join as a new member.",
    );
  }
}
