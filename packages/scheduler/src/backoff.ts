/** Waits that double after each failure in a row. */
export class Backoff {
  readonly #initialMs: number;
  readonly #maxMs: number;
  #failures = 0;

  constructor(initialMs: number, maxMs: number) {
    this.#initialMs = initialMs;
    this.#maxMs = maxMs;
  }

  /** Counts a failure and tells how long to wait. */
  failed(): number {
    return backoffMs(this.#failures++, this.#initialMs, this.#maxMs);
  }

  succeeded(): void {
    this.#failures = 0;
  }
}

/** The wait after `failures` earlier ones. */
export function backoffMs(failures: number, initialMs: number, maxMs: number): number {
  return Math.min(maxMs, initialMs * 2 ** Math.min(failures, 30));
}
