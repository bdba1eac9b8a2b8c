import type { StateMachine } from "../contracts.ts";
import type { Entry } from "../types.ts";
import { ContractBrokenError } from "./errors.ts";
import { Meter } from "./meter.ts";

export interface ApplyPipelineDuties<Result> {
  readonly maxEntries: number;
  readonly maxBytes: number;
  onApplied(entries: readonly Entry[], results: readonly Result[]): void;
  /** Fatal. */
  onFailed(error: unknown): void;
}

/** Feeds the state machine: one batch at a time, and what gathers meanwhile is the next batch. */
export class ApplyPipeline<Result> {
  readonly #stateMachine: StateMachine<Result>;
  readonly #duties: ApplyPipelineDuties<Result>;
  readonly #meter: Meter;
  #waiting: Entry[] = [];
  #running: Promise<void> | undefined;
  #halted = false;

  constructor(
    stateMachine: StateMachine<Result>,
    duties: ApplyPipelineDuties<Result>,
    meter: Meter = new Meter(),
  ) {
    this.#stateMachine = stateMachine;
    this.#duties = duties;
    this.#meter = meter;
  }

  push(entries: readonly Entry[]): void {
    if (this.#halted || entries.length === 0) return;
    for (const entry of entries) this.#waiting.push(entry);
    this.#running ??= Promise.resolve().then(() => this.#drain());
  }

  /** Takes nothing more; a batch under way is not interrupted. */
  halt(): void {
    this.#halted = true;
    this.#waiting = [];
  }

  /** Resolves when everything pushed so far is applied, or, after `halt`, when the last batch ended. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  async #drain(): Promise<void> {
    try {
      while (this.#waiting.length > 0) await this.#applyBatch(this.#waiting.splice(0, this.#batchLength()));
    } catch (error) {
      const first = !this.#halted;
      this.halt();
      if (first) this.#duties.onFailed(error);
    } finally {
      this.#running = undefined;
    }
  }

  async #applyBatch(batch: readonly Entry[]): Promise<void> {
    const beganAtMs = this.#meter.now();
    const results = await this.#stateMachine.apply(batch);
    if (results.length !== batch.length) {
      throw new ContractBrokenError(
        `apply gave ${results.length} results for ${batch.length} entries. Fix the state machine.`,
      );
    }
    if (this.#halted) return;
    this.#meter.batchApplied(batch.length, beganAtMs);
    this.#duties.onApplied(batch, results);
  }

  #batchLength(): number {
    const limit = Math.min(this.#waiting.length, this.#duties.maxEntries);
    let length = 0;
    let sizeBytes = 0;
    while (length < limit) {
      sizeBytes += this.#waiting[length]?.data.length ?? 0;
      if (length > 0 && sizeBytes > this.#duties.maxBytes) break;
      length++;
    }
    return length;
  }
}
