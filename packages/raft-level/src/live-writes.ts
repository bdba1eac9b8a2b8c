/**
 * The writes that a log still needs, and the ones to be deleted. Only the oldest die: what remains numbers the writes
 * without a hole, so that one which LevelDB lost in silence is missed.
 */

/** Deletions that go along with one write; more would hold up what the write is for. */
const DELETE_AT_ONCE = 512;

export class LiveWrites {
  /** The highest index each write put, from write {@link oldest} on; 0 for none. */
  #highest: number[] = [];
  #dropped = 0;
  #oldest: number;
  #deleted: number;

  /** `oldest` is alive, everything before `present` is deleted. */
  constructor(oldest = 0, present: number = oldest) {
    this.#oldest = oldest;
    this.#deleted = present;
  }

  /** The first write that is needed; the number of the next when none is. */
  get oldest(): number {
    return this.#oldest;
  }

  get hasDead(): boolean {
    return this.#deleted < this.#oldest;
  }

  /** Adds the newest write. */
  push(highestIndex: number): void {
    this.#highest.push(highestIndex);
  }

  /** The log begins after `index`: the oldest writes die that put nothing beyond it. */
  compact(index: number): void {
    while (this.#dropped < this.#highest.length && (this.#highest[this.#dropped] ?? 0) <= index) {
      this.#dropped += 1;
      this.#oldest += 1;
    }
    // Shifting one by one would cost the length of the list each time.
    if (this.#dropped < 1_024 || this.#dropped * 2 < this.#highest.length) return;
    this.#highest = this.#highest.slice(this.#dropped);
    this.#dropped = 0;
  }

  /** Nothing of the writes so far is left. */
  reset(): void {
    this.#oldest += this.#highest.length - this.#dropped;
    this.#highest = [];
    this.#dropped = 0;
  }

  /** The numbers of the next dead writes, which are deleted with the write they are taken for. */
  takeDead(): number[] {
    const from = this.#deleted;
    this.#deleted = Math.min(this.#oldest, from + DELETE_AT_ONCE);
    return Array.from({ length: this.#deleted - from }, (_, offset) => from + offset);
  }
}
