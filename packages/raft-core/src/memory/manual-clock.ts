import type { Clock } from "../contracts.ts";

interface Timer {
  atMs: number;
  /** Orders timers that are due at one instant by the order in which they were set. */
  readonly sequence: number;
  readonly periodMs: number | undefined;
  readonly callback: () => void;
}

/** How many turns of the microtask queue `settle` waits for unless told otherwise. */
const DEFAULT_SETTLE_TURNS = 300;

/** How a {@link ManualClock} runs. */
export interface ManualClockOptions {
  /** The time at the start, in milliseconds. Default 0. */
  readonly startMs?: number;
  /**
   * Resolves when the work that a timer caused is done. The default waits for a few hundred turns of the
   * microtask queue, which is enough for the twins of this folder. With real I/O pass something stronger,
   * such as a turn of the event loop.
   */
  readonly settle?: () => Promise<void>;
}

/** A clock that moves only when told to, so that a test of hours takes milliseconds and repeats exactly. */
export class ManualClock implements Clock {
  readonly #timers = new Set<Timer>();
  readonly #settle: () => Promise<void>;
  #nowMs: number;
  #sequence = 0;

  constructor(options: ManualClockOptions = {}) {
    this.#nowMs = options.startMs ?? 0;
    this.#settle = options.settle ?? settleMicrotasks;
  }

  now(): number {
    return this.#nowMs;
  }

  every(periodMs: number, callback: () => void): () => void {
    if (!(periodMs > 0)) throw new RangeError(`A period must be above 0 ms, not ${periodMs}.`);
    return this.#set(periodMs, periodMs, callback);
  }

  after(delayMs: number, callback: () => void): () => void {
    return this.#set(Math.max(0, delayMs), undefined, callback);
  }

  /** Timers that are set; 0 once everything was released. */
  get pendingTimers(): number {
    return this.#timers.size;
  }

  /** Moves time on, firing what falls due on the way, and lets the work it causes settle after each instant. */
  async advance(durationMs: number): Promise<void> {
    const endMs = this.#nowMs + durationMs;
    await this.#settle();
    for (let due = this.#nextDue(endMs); due !== undefined; due = this.#nextDue(endMs)) {
      this.#nowMs = due;
      this.#fireDue();
      await this.#settle();
    }
    this.#nowMs = endMs;
  }

  /** Lets pending work settle without moving time. */
  async settle(): Promise<void> {
    await this.#settle();
  }

  #set(delayMs: number, periodMs: number | undefined, callback: () => void): () => void {
    const timer: Timer = { atMs: this.#nowMs + delayMs, sequence: this.#sequence++, periodMs, callback };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  #nextDue(limitMs: number): number | undefined {
    let due: number | undefined;
    for (const { atMs } of this.#timers) if (atMs <= limitMs && (due === undefined || atMs < due)) due = atMs;
    return due;
  }

  #fireDue(): void {
    const due = [...this.#timers]
      .filter((timer) => timer.atMs <= this.#nowMs)
      .sort((a, b) => a.sequence - b.sequence);
    for (const timer of due) {
      if (!this.#timers.has(timer)) continue;
      if (timer.periodMs === undefined) this.#timers.delete(timer);
      else timer.atMs += timer.periodMs;
      timer.callback();
    }
  }
}

async function settleMicrotasks(): Promise<void> {
  for (let turn = 0; turn < DEFAULT_SETTLE_TURNS; turn++) await undefined;
}
