/** Waits that double from `min` to `max` with each failure in a row. */
export class Backoff {
  readonly #limits: { readonly min: number; readonly max: number };
  #failures = 0;

  constructor(limits: { readonly min: number; readonly max: number }) {
    this.#limits = limits;
  }

  /** The wait after one more failure, in the unit of the limits. */
  failed(): number {
    return Math.min(this.#limits.max, this.#limits.min * 2 ** this.#failures++);
  }

  succeeded(): void {
    this.#failures = 0;
  }
}
