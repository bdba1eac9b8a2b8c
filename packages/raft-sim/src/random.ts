/** Taken once: as a property of the global it is slow to find in a sandbox, such as a test runner's. */
const { floor, imul, log, min } = Math;

/**
 * Chance that depends on the seed alone (mulberry32). Each concern draws from a stream of its own, so that
 * switching one kind of fault off leaves the others as they were: that is what makes a failure shrink.
 */
export class Random {
  #state: number;

  constructor(seed: number, stream: number = 0) {
    this.#state = (imul(seed ^ 0x9e3779b9, 0x85ebca6b) + imul(stream + 1, 0xc2b2ae35)) >>> 0;
    this.next();
  }

  /** In [0, 1). A field, so that it can be handed on as a function. */
  readonly next: () => number = () => {
    const a = (this.#state = (this.#state + 0x6d2b79f5) | 0);
    let t = imul(a ^ (a >>> 15), a | 1);
    t ^= t + imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };

  /** A whole number in [0, limit). */
  below(limit: number): number {
    return floor(this.next() * limit);
  }

  between(least: number, limit: number): number {
    return least + this.next() * (limit - least);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** With a mean of `mean` and a long tail, as waiting times have. */
  exponential(mean: number): number {
    return -log(1 - this.next()) * mean;
  }
}

/** The element that a number in [0, 1) falls on; undefined for an empty list. */
export function pickAt<T>(list: readonly T[], at: number): T | undefined {
  return list[min(list.length - 1, floor(at * list.length))];
}
