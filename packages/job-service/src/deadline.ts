/**
 * The time one call may take. It is a timer, not a reading of the wall clock, so a clock that
 * jumps neither ends a call early nor keeps it.
 */
import type { Clock } from "./contracts.ts";

const EXPIRED = Symbol("expired");

export class Deadline {
  readonly #clock: Clock;
  readonly #endsAtMs: number;
  readonly #cancelTimer: () => void;
  readonly #expiry: Promise<typeof EXPIRED>;
  #expired = false;

  /** @param waitMs from now; 0 or less has expired already. */
  constructor(clock: Clock, waitMs: number) {
    this.#clock = clock;
    this.#endsAtMs = clock.now() + waitMs;
    const { promise, resolve } = deferred<typeof EXPIRED>();
    this.#expiry = promise;
    const expire = (): void => {
      this.#expired = true;
      resolve(EXPIRED);
    };
    if (waitMs <= 0) {
      expire();
      this.#cancelTimer = () => {};
    } else {
      this.#cancelTimer = clock.after(waitMs, expire);
    }
  }

  get expired(): boolean {
    return this.#expired;
  }

  /** What is left, for passing on; 0 when nothing is. */
  get remainingMs(): number {
    return this.#expired ? 0 : Math.max(0, this.#endsAtMs - this.#clock.now());
  }

  /** The promise's outcome, or a rejection with `onExpiry()` when the time is up first. */
  async race<T>(promise: Promise<T>, onExpiry: () => Error): Promise<T> {
    const first = await Promise.race([promise, this.#expiry]);
    if (first !== EXPIRED) return first;
    promise.catch(() => {}); // Nobody waits for it any more; what it says is lost with the answer.
    throw onExpiry();
  }

  /** Waits; false when the deadline came first. */
  async pause(delayMs: number): Promise<boolean> {
    if (this.#expired) return false;
    const { promise, resolve } = deferred<true>();
    const cancel = this.#clock.after(delayMs, () => {
      resolve(true);
    });
    const first = await Promise.race([promise, this.#expiry]);
    cancel();
    return first === true;
  }

  /** Releases the timer. */
  close(): void {
    this.#cancelTimer();
  }
}

function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
