import type { SchedulerClock } from "./contracts.ts";

/** Timers of Node fire at once when asked for more. */
const MAX_DELAY_MS = 2 ** 31 - 1;

/**
 * One timer at a time, set to an instant rather than a delay: never early, however far away the
 * instant is and however the clock is set meanwhile.
 */
export class Alarm {
  readonly #clock: Pick<SchedulerClock, "after">;
  readonly #nowMs: () => number;
  readonly #ring: () => void;
  #atMs = Number.POSITIVE_INFINITY;
  #cancel: (() => void) | undefined;

  /** `nowMs` tells on which clock the instants lie. */
  constructor(clock: Pick<SchedulerClock, "after">, nowMs: () => number, ring: () => void) {
    this.#clock = clock;
    this.#nowMs = nowMs;
    this.#ring = ring;
  }

  /** Sets or moves the alarm. An instant that has passed rings as soon as possible, never within this call. */
  set(atMs: number): void {
    if (atMs === this.#atMs && this.#cancel !== undefined) return;
    this.clear();
    this.#atMs = atMs;
    this.#arm();
  }

  /** Like {@link set}, but never later than it is set already. */
  setEarlier(atMs: number): void {
    if (atMs < this.#atMs) this.set(atMs);
  }

  clear(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#atMs = Number.POSITIVE_INFINITY;
  }

  #arm(): void {
    const delayMs = Math.min(Math.max(0, Math.ceil(this.#atMs - this.#nowMs())), MAX_DELAY_MS);
    this.#cancel = this.#clock.after(delayMs, () => {
      if (this.#nowMs() < this.#atMs) return this.#arm();
      this.clear();
      this.#ring();
    });
  }
}
