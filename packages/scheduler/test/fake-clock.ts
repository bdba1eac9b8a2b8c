import type { SchedulerClock } from "../src/index.ts";

interface Timer {
  readonly atMs: number;
  readonly callback: () => void;
}

/** Time that moves when told. Timers behave as Node's: a delay of 2^31 or more fires at once. */
export class FakeClock implements SchedulerClock {
  #timers: Timer[] = [];
  #elapsedMs = 0;
  #wallMs: number;
  readonly #settled: () => Promise<void>;

  /** `settled` waits for what can happen without time passing. */
  constructor(startMs: number, settled: () => Promise<void> = afterPromises) {
    this.#wallMs = startMs;
    this.#settled = settled;
  }

  now(): number {
    return this.#wallMs;
  }

  monotonicMs(): number {
    return this.#elapsedMs;
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = { atMs: this.#elapsedMs + (delayMs >= 2 ** 31 ? 1 : delayMs), callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  get timers(): number {
    return this.#timers.length;
  }

  /** Moves the wall clock alone, as an administrator would. */
  setWall(ms: number): void {
    this.#wallMs = ms;
  }

  /** Lets time pass; everything that becomes due happens in order, with all that follows from it. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#elapsedMs + ms;
    await this.#settled();
    for (;;) {
      const next = this.#timers.filter((timer) => timer.atMs <= endMs).sort((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined) break;
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.#move(Math.max(this.#elapsedMs, next.atMs));
      next.callback();
      await this.#settled();
    }
    this.#move(endMs);
  }

  /** Time passes without the process: nothing runs until the next advance. */
  stall(ms: number): void {
    this.#move(this.#elapsedMs + ms);
  }

  #move(elapsedMs: number): void {
    this.#wallMs += elapsedMs - this.#elapsedMs;
    this.#elapsedMs = elapsedMs;
  }
}

/** After all promises that settle by themselves. */
export function afterPromises(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
