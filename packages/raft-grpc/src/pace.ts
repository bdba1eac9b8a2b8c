/**
 * Holds a stream of bytes to a rate, in small steps: a whole second's worth at once would be the burst it is to prevent.
 */

/** Calls back after the delay unless the returned function is called first. */
type After = (delayMs: number, callback: () => void) => () => void;

const STEP_MS = 10;

export class Pace {
  readonly #stepBytes: number;
  readonly #after: After;
  readonly #signal: AbortSignal;
  #leftBytes: number;

  /** Waits end early when `signal` aborts. */
  constructor(bytesPerSecond: number, after: After, signal: AbortSignal) {
    this.#stepBytes = (bytesPerSecond * STEP_MS) / 1_000;
    this.#leftBytes = this.#stepBytes;
    this.#after = after;
    this.#signal = signal;
  }

  /**
   * Resolves when so many bytes more may go, or nobody wants them any more. A larger piece than a step goes as a whole,
   * and is waited for afterwards.
   */
  async take(sizeBytes: number): Promise<void> {
    while (this.#leftBytes <= 0 && !this.#signal.aborted) {
      await this.#step();
      this.#leftBytes += this.#stepBytes;
    }
    this.#leftBytes -= sizeBytes;
  }

  #step(): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        cancel();
        this.#signal.removeEventListener("abort", end);
        resolve();
      };
      const cancel = this.#after(STEP_MS, end);
      this.#signal.addEventListener("abort", end, { once: true });
    });
  }
}
