/**
 * How long to wait before the next try: twice as long each time, never in step with others.
 */
const FIRST_MS = 50;
const LONGEST_MS = 1_000;

export class Backoff {
  readonly #random: () => number;
  #failures = 0;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** The wait after one more failure, in ms: between half and all of a bound that doubles up to 1 s. */
  nextMs(): number {
    const bound = Math.min(LONGEST_MS, FIRST_MS * 2 ** this.#failures);
    if (bound < LONGEST_MS) this.#failures += 1;
    return bound / 2 + (this.#random() * bound) / 2;
  }

  /** A try succeeded. */
  reset(): void {
    this.#failures = 0;
  }
}
