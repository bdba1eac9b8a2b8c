import type { Clock } from "../contracts.ts";

/** The functions of a platform that tell time; `globalThis` and `performance.now` have them. */
export interface TimerFunctions<Timer> {
  /** Monotonic milliseconds. */
  now(): number;
  /** Calls back every `periodMs`. */
  setInterval(callback: () => void, periodMs: number): Timer;
  /** Ends a {@link setInterval}. */
  clearInterval(timer: Timer): void;
  /** Calls back once, after `delayMs`. */
  setTimeout(callback: () => void, delayMs: number): Timer;
  /** Calls a {@link setTimeout} off. */
  clearTimeout(timer: Timer): void;
}

/**
 * A {@link Clock} over a platform's timers. They are handed in because this package touches none itself.
 *
 * @example
 * const clock = clockFrom({ now: () => performance.now(), setInterval, clearInterval, setTimeout, clearTimeout });
 */
export function clockFrom<Timer>(timers: TimerFunctions<Timer>): Clock {
  return {
    now: () => timers.now(),
    every(periodMs, callback) {
      const timer = timers.setInterval(callback, periodMs);
      return () => timers.clearInterval(timer);
    },
    after(delayMs, callback) {
      const timer = timers.setTimeout(callback, delayMs);
      return () => timers.clearTimeout(timer);
    },
  };
}
