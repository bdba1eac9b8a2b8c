import type { Clock } from "@coxswain/executor";

/** A clock that moves only by hand. */
export class HandClock implements Clock {
  nowMs = 1_000;
  #timers: { atMs: number; callback: () => void }[] = [];

  readonly now = (): number => this.nowMs;
  readonly uptimeMs = (): number => this.nowMs;
  readonly after = (delayMs: number, callback: () => void): (() => void) => {
    const timer = { atMs: this.nowMs + delayMs, callback };
    this.#timers.push(timer);
    return () => (this.#timers = this.#timers.filter((other) => other !== timer));
  };

  /** Moves without running timers, as a suspended machine does. */
  suspend(ms: number): void {
    this.nowMs += ms;
  }

  advance(ms: number): void {
    this.nowMs += ms;
    const due = this.#timers.filter((timer) => timer.atMs <= this.nowMs);
    this.#timers = this.#timers.filter((timer) => timer.atMs > this.nowMs);
    for (const timer of due) timer.callback();
  }

  get pending(): number {
    return this.#timers.length;
  }
}

/** Lets everything that is ready run. */
export const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
