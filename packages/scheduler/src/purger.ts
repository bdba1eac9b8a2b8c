import { Alarm } from "./alarm.ts";
import type { Proposer, SchedulerClock, SchedulerLogger, SchedulerStore } from "./contracts.ts";
import type { SchedulerSettings } from "./settings.ts";

export interface PurgerParts {
  readonly store: Pick<SchedulerStore, "historyOverCaps">;
  readonly proposer: Proposer;
  readonly clock: SchedulerClock;
  readonly settings: Pick<SchedulerSettings, "purgeIntervalMs" | "purgeStepMs" | "purgeLimit">;
  readonly logger: SchedulerLogger;
}

/** Removes, in small steps, history that is over its caps and what removed jobs left (G8, G23). */
export class Purger {
  readonly #parts: PurgerParts;
  readonly #alarm: Alarm;
  #active = true;

  constructor(parts: PurgerParts) {
    this.#parts = parts;
    this.#alarm = new Alarm(parts.clock, () => {
      this.#look();
    });
  }

  start(): void {
    this.#restFor(this.#parts.settings.purgeIntervalMs);
  }

  stop(): void {
    this.#active = false;
    this.#alarm.clear();
  }

  #look(): void {
    const { purgeIntervalMs, purgeStepMs } = this.#parts.settings;
    this.#step().then(
      (more) => {
        this.#restFor(more ? purgeStepMs : purgeIntervalMs);
      },
      (error: unknown) => {
        if (this.#active) this.#parts.logger.warn({ error }, "History could not be purged; trying again.");
        this.#restFor(purgeIntervalMs);
      },
    );
  }

  /** Whether there is more to remove. */
  async #step(): Promise<boolean> {
    const { over, leftovers, requests } = await this.#parts.store.historyOverCaps();
    if (!this.#active || !(over || leftovers || requests)) return false;
    const limit = this.#parts.settings.purgeLimit;
    const result = await this.#parts.proposer.propose({ $case: "purge", value: { limit } });
    return "kind" in result && result.kind === "purged" && result.more;
  }

  #restFor(delayMs: number): void {
    if (this.#active) this.#alarm.set(this.#parts.clock.monotonicMs() + delayMs);
  }
}
