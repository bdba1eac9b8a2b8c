import type { SchedulerClock } from "./contracts.ts";

/** Half of what the event loop may be held up by one piece of work (G22). */
const SLICE_MS = 5;

/** Lets others run when a loop has kept the event loop to itself for long. */
export class SliceBudget {
  readonly #clock: Pick<SchedulerClock, "monotonicMs" | "after">;
  #sinceMs: number;

  constructor(clock: Pick<SchedulerClock, "monotonicMs" | "after">) {
    this.#clock = clock;
    this.#sinceMs = clock.monotonicMs();
  }

  /** To be awaited before each step. */
  spend(): Promise<void> | undefined {
    if (this.#clock.monotonicMs() - this.#sinceMs < SLICE_MS) return undefined;
    return new Promise((resolve) => {
      this.#clock.after(0, () => {
        this.#sinceMs = this.#clock.monotonicMs();
        resolve();
      });
    });
  }
}
