import type { SchedulerClock } from "./contracts.ts";

/** Timers of Node fire at once when asked for more. */
const MAX_DELAY_MS = 2 ** 31 - 1;

/** One timer at a time, set to an instant of the monotonic clock; never early, however far away it is. */
export class Alarm {
  readonly #clock: Pick<SchedulerClock, "monotonicMs" | "after">;
  readonly #ring: () => void;
  #atMs = Number.POSITIVE_INFINITY;
  #cancel: (() => void) | undefined;

  constructor(clock: Pick<SchedulerClock, "monotonicMs" | "after">, ring: () => void) {
    this.#clock = clock;
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
    const delayMs = Math.min(Math.max(0, Math.ceil(this.#atMs - this.#clock.monotonicMs())), MAX_DELAY_MS);
    this.#cancel = this.#clock.after(delayMs, () => {
      if (this.#clock.monotonicMs() < this.#atMs) return this.#arm();
      this.clear();
      this.#ring();
    });
  }
}
