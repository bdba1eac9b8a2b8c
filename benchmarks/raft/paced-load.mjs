/**
 * An open loop: so many actions a second, begun on time whether or not those before them have ended, as clients that do not
 * know of each other do. Late answers count from when the action was due.
 */
import { latencies } from "./statistics.mjs";

const STEP_MS = 1;

export class PacedLoad {
  #perSecond;
  #action;
  #startedAt = performance.now();
  #begun = 0;
  #pending = 0;
  #samplesMs = [];
  #timer;
  #failures = 0;

  constructor({ perSecond, action }) {
    this.#perSecond = perSecond;
    this.#action = action;
    this.#timer = setInterval(() => this.#begin(), STEP_MS);
  }

  /** What has ended since the last call; begins a new interval. */
  take() {
    const samplesMs = this.#samplesMs;
    this.#samplesMs = [];
    const failures = this.#failures;
    this.#failures = 0;
    return { commits: samplesMs.length, pending: this.#pending, failures, ...latencies(samplesMs) };
  }

  stop() {
    clearInterval(this.#timer);
  }

  #begin() {
    const due = Math.floor(((performance.now() - this.#startedAt) / 1_000) * this.#perSecond);
    for (; this.#begun < due; this.#begun++) void this.#run(this.#startedAt + (this.#begun / this.#perSecond) * 1_000);
  }

  async #run(dueAt) {
    this.#pending += 1;
    try {
      await this.#action();
      this.#samplesMs.push(performance.now() - dueAt);
    } catch {
      this.#failures += 1;
    } finally {
      this.#pending -= 1;
    }
  }
}
