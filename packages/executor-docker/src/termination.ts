import type { Clock } from "@coxswain/executor";
import type { Cause } from "./ending.ts";

type Signal = "SIGTERM" | "SIGKILL";

/**
 * Ends a container from outside: SIGTERM, a grace, SIGKILL. The first cause counts; the
 * shortest grace asked for is the one that holds.
 */
export class Termination {
  /** Resolves when the end was asked for. */
  readonly asked: Promise<void>;
  readonly #clock: Clock;
  #resolveAsked: () => void = () => {};
  #cause: Cause | undefined;
  #send: ((signal: Signal) => void) | undefined;
  #told = false;
  /** On the monotonic clock. */
  #killAtMs = Infinity;
  #cancelKill = (): void => {};

  constructor(clock: Clock) {
    this.#clock = clock;
    this.asked = new Promise((resolve) => (this.#resolveAsked = resolve));
  }

  get cause(): Cause | undefined {
    return this.#cause;
  }

  /** The container runs; from now on, and for what was asked before, signals are sent. */
  begin(send: (signal: Signal) => void): void {
    this.#send = send;
    if (this.#cause) this.#act();
  }

  /** The container is gone. */
  end(): void {
    this.#send = undefined;
    this.#cancelKill();
  }

  /** SIGKILL did not arrive: it is sent again after the pause, unless the container is gone by then. */
  killAgainAfter(pauseMs: number): void {
    if (!this.#send) return;
    this.#cancelKill();
    this.#cancelKill = this.#clock.after(pauseMs, () => this.#send?.("SIGKILL"));
  }

  ask(cause: Cause, graceMs: number): void {
    this.#cause ??= cause;
    this.#resolveAsked();
    const killAtMs = performance.now() + graceMs;
    if (killAtMs >= this.#killAtMs) return;
    this.#killAtMs = killAtMs;
    this.#act();
  }

  #act(): void {
    if (!this.#send) return;
    this.#cancelKill();
    const leftMs = this.#killAtMs - performance.now();
    if (leftMs <= 0) return this.#send("SIGKILL");
    if (!this.#told) this.#send("SIGTERM");
    this.#told = true;
    this.#cancelKill = this.#clock.after(leftMs, () => this.#send?.("SIGKILL"));
  }
}
