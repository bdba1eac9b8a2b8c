import { setTimeout as delay } from "node:timers/promises";
import type { Clock } from "@coxswain/executor";
import type { Cause } from "./exit-result.ts";
import { groupExists, groupMembers, signalGroup } from "./process-table.ts";

const FIRST_PAUSE_MS = 2;
const LONGEST_PAUSE_MS = 50;

/**
 * Ends a group from outside: SIGTERM, a grace, SIGKILL. The first cause counts; the shortest
 * grace asked for is the one that holds.
 */
export class Termination {
  /** Resolves when the end was asked for. */
  readonly asked: Promise<void>;
  readonly #clock: Clock;
  #resolveAsked: () => void = () => {};
  #cause: Cause | undefined;
  #group: number | undefined;
  #sendTerm = (): void => {};
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

  /**
   * The payload is let go as this group; from now on `ask` sends signals.
   *
   * @param sendTerm how to ask it to end. Default: SIGTERM to the group
   */
  begin(group: number, sendTerm: () => void = () => void signalGroup(group, "SIGTERM")): void {
    this.#group = group;
    this.#sendTerm = sendTerm;
  }

  /** The group is gone, or goes by another hand; its number may become another's. From now on no signals are sent. */
  end(): void {
    this.#group = undefined;
    this.#cancelKill();
  }

  ask(cause: Cause, graceMs: number): void {
    const first = this.#cause === undefined;
    this.#cause ??= cause;
    this.#resolveAsked();
    if (this.#group === undefined) return;
    if (first && graceMs > 0) this.#sendTerm();
    const killAtMs = performance.now() + graceMs;
    if (killAtMs >= this.#killAtMs) return;
    this.#killAtMs = killAtMs;
    this.#cancelKill();
    if (graceMs > 0) this.#cancelKill = this.#clock.after(graceMs, () => this.#kill());
    else this.#kill();
  }

  /**
   * When the leader has exited but others of the group still wind up: waits for them as long
   * as the grace lasts. At once when nobody asked for the end.
   */
  async grace(): Promise<void> {
    let pauseMs = FIRST_PAUSE_MS;
    while (this.#cause && this.#group !== undefined && performance.now() < this.#killAtMs) {
      // Who cannot be looked for, as when descriptors run out, may wind up still.
      const members = groupExists(this.#group) ? await groupMembers(this.#group).catch(() => undefined) : [];
      if (members?.length === 0) return;
      await delay(pauseMs);
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
    }
  }

  #kill(): void {
    if (this.#group !== undefined) signalGroup(this.#group, "SIGKILL");
  }
}
