import type { DueItem } from "@coxswain/state-machine";
import type { SchedulerStore } from "./contracts.ts";
import { DueHeap, dueKey } from "./due-heap.ts";
import type { NearDue } from "./due-heap.ts";
import type { SchedulerSettings } from "./settings.ts";

/**
 * The near part of the time index in memory (G4, G22). It is read from the oldest key up to the end
 * of a slot, in pages; each new slot begins at the oldest key again, so that nothing which an event
 * missed, or which failed, is forgotten.
 */
export class NearDueItems {
  readonly #store: Pick<SchedulerStore, "due">;
  readonly #settings: Pick<SchedulerSettings, "slotGapMs" | "duePageItems" | "maxNearDueItems">;
  readonly #heap = new DueHeap();
  /** In the heap or taken and not settled. */
  readonly #known = new Map<string, NearDue>();
  #endMs = Number.NEGATIVE_INFINITY;
  /** The last key read in this slot. */
  #cursor: DueItem | undefined;
  /** The slot was read to its end. */
  #complete = true;
  #reading = false;
  /** Something was turned away for lack of room: the slot is to be read once more. */
  #turnedAway = false;

  constructor(
    store: Pick<SchedulerStore, "due">,
    settings: Pick<SchedulerSettings, "slotGapMs" | "duePageItems" | "maxNearDueItems">,
  ) {
    this.#store = store;
    this.#settings = settings;
  }

  /** Held in memory, with those under way. */
  get size(): number {
    return this.#known.size;
  }

  /** When the next item is to be proposed. */
  get nextAtMs(): number {
    return this.#heap.peek()?.readyAtMs ?? Number.POSITIVE_INFINITY;
  }

  /** Half a slot before its end there is time to read the next one. */
  get nextSlotAtMs(): number {
    return this.#endMs - this.#settings.slotGapMs / 2;
  }

  /** Whether a page is to be read now: the slot goes on and there is room. */
  get wantsPage(): boolean {
    return !this.#complete && !this.#reading && this.#room >= this.#settings.duePageItems;
  }

  /** Begins a slot that ends `slotGapMs` from now. A slot that is not read to its end goes on first. */
  beginSlot(nowMs: number): void {
    this.#endMs = nowMs + this.#settings.slotGapMs;
    if (!this.#complete) return;
    this.#cursor = undefined;
    this.#complete = false;
  }

  /** Reads one page. Rejects when the store does; reading may be tried again. */
  async readPage(): Promise<void> {
    const limit = this.#settings.duePageItems;
    const toMs = this.#endMs;
    const after = this.#cursor;
    this.#reading = true;
    try {
      const items = await this.#store.due({ toMs, limit, ...(after === undefined ? {} : { after }) });
      for (const item of items) this.#add(item);
      this.#cursor = items.at(-1) ?? after;
      // The slot may have been moved on during the read; then its new end is not reached yet.
      this.#complete = items.length < limit && toMs === this.#endMs;
    } finally {
      this.#reading = false;
      this.#readAgainIfTurnedAway();
    }
  }

  /** A key is new in the index. One beyond what was read so far will be read in its turn. */
  offer(item: DueItem): void {
    if (item.atMs >= this.#endMs) return;
    const isRead = this.#complete || this.#reading || item.atMs <= (this.#cursor?.atMs ?? Number.NEGATIVE_INFINITY);
    if (!isRead) return;
    if (this.#room > 0) this.#add(item);
    else this.readAgain();
  }

  /** Reads the slot once more from the oldest key, after the reading under way. */
  readAgain(): void {
    this.#turnedAway = true;
    this.#readAgainIfTurnedAway();
  }

  /** Takes the earliest item that is due, if any. It stays known until it is settled or put back. */
  take(nowMs: number): NearDue | undefined {
    return this.nextAtMs <= nowMs ? this.#heap.pop() : undefined;
  }

  settle(due: NearDue): void {
    this.#known.delete(due.key);
  }

  /** Keeps an item for another try. */
  putBack(due: NearDue, readyAtMs: number): void {
    due.readyAtMs = readyAtMs;
    this.#heap.push(due);
  }

  get #room(): number {
    return this.#settings.maxNearDueItems - this.#known.size;
  }

  #readAgainIfTurnedAway(): void {
    if (!this.#turnedAway || !this.#complete || this.#reading) return;
    this.#turnedAway = false;
    this.#cursor = undefined;
    this.#complete = false;
  }

  #add(item: DueItem): void {
    const key = dueKey(item);
    if (this.#known.has(key)) return;
    const due = { key, item, readyAtMs: item.atMs, failures: 0 };
    this.#known.set(key, due);
    this.#heap.push(due);
  }
}
