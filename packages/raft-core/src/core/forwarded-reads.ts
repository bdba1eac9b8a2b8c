interface ForwardedRead {
  readonly context: number;
  readonly deadlineTick: number;
}

/**
 * Reads that a follower has passed to its leader. On the wire they bear numbers of their own that
 * start at a random place: after a restart, a late answer to a read of the former run must not
 * confirm a new one that happens to bear the same number.
 */
export class ForwardedReads {
  readonly #waiting = new Map<number, ForwardedRead>();
  #nextWireContext: number;

  constructor(random: () => number) {
    this.#nextWireContext = 1 + Math.floor(random() * 2 ** 32) * 2 ** 16;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** Returns the number to send. */
  add(context: number, deadlineTick: number): number {
    const wireContext = this.#nextWireContext;
    this.#nextWireContext += 1;
    this.#waiting.set(wireContext, { context, deadlineTick });
    return wireContext;
  }

  /** The read that an answer is for; undefined for one that nobody waits for any more. */
  take(wireContext: number): number | undefined {
    const read = this.#waiting.get(wireContext);
    this.#waiting.delete(wireContext);
    return read?.context;
  }

  /** Takes those whose question or answer was probably lost. */
  takeExpired(tick: number): readonly number[] {
    const expired: number[] = [];
    for (const [wireContext, read] of this.#waiting) {
      if (read.deadlineTick > tick) break;
      this.#waiting.delete(wireContext);
      expired.push(read.context);
    }
    return expired;
  }

  takeAll(): readonly number[] {
    const all = [...this.#waiting.values()].map((read) => read.context);
    this.#waiting.clear();
    return all;
  }
}
