import { systemClock } from "@coxswain/executor";
import type { Clock } from "@coxswain/executor";

/** A clock whose short delays last until they are told to pass; longer ones, which are limits, never do. */
export class PausingClock implements Clock {
  readonly #limitMs: number;
  readonly #pauses: (() => void)[] = [];
  #paused: () => void = () => {};

  /** @param limitMs from here on a delay is a limit */
  constructor(limitMs: number) {
    this.#limitMs = limitMs;
  }

  now(): number {
    return systemClock.now();
  }

  after(delayMs: number, callback: () => void): () => void {
    if (delayMs >= this.#limitMs) return () => {};
    this.#pauses.push(callback);
    this.#paused();
    return () => void this.#pauses.splice(this.#pauses.indexOf(callback), 1);
  }

  /** Resolves when someone waits. */
  async paused(): Promise<void> {
    while (this.#pauses.length === 0) await new Promise<void>((resolve) => (this.#paused = resolve));
  }

  /** Lets the first pause pass. */
  pass(): void {
    this.#pauses.shift()?.();
  }
}
