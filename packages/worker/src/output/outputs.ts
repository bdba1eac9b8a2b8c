/**
 * Where a worker finds the output of an attempt: running, just finished, or on disk.
 */
import type { AttemptRef, OutputBuffer, TaskResult } from "@coxswain/executor";
import { attemptKey } from "../contracts.ts";
import type { WorkerLogger } from "../contracts.ts";
import { exitRecord } from "./attempt-output.ts";
import type { AttemptOutput } from "./attempt-output.ts";
import { LiveOutput } from "./live-output.ts";
import type { OutputSpool } from "./output-spool.ts";

export interface OutputsOptions {
  readonly spool: OutputSpool | undefined;
  /** Finished attempts kept in memory where there is no spool, or where it cannot be written. */
  readonly keptInMemory: number;
  readonly logger: WorkerLogger;
}

export class Outputs {
  readonly #options: OutputsOptions;
  readonly #live = new Map<string, LiveOutput>();
  /** Keys of attempts that finished and are in memory, oldest first. */
  readonly #finished = new Set<string>();

  constructor(options: OutputsOptions) {
    this.#options = options;
  }

  /** Of all outputs that are in memory and can be found. */
  get readerCount(): number {
    return [...this.#live.values()].reduce((sum, { buffer }) => sum + buffer.readerCount, 0);
  }

  of(ref: AttemptRef): AttemptOutput | undefined {
    return this.#live.get(attemptKey(ref)) ?? this.#options.spool?.output(ref);
  }

  /** From its start on. The result never rejects. */
  follow(ref: AttemptRef, buffer: OutputBuffer, result: Promise<TaskResult>): void {
    const key = attemptKey(ref);
    const exit = result.then((ended) => exitRecord(ended, buffer.totalBytes));
    const live = new LiveOutput(buffer, exit);
    this.#live.set(key, live);
    void exit.then(async (record) => {
      if (this.#options.spool) {
        try {
          // What wrote nothing leaves nothing to be read: its result says it all.
          if (buffer.totalBytes > 0) await this.#options.spool.put(ref, buffer, record);
          return this.#retire(key, live);
        } catch (error) {
          this.#options.logger.warn({ err: error, execution: ref.executionId }, "the output of an attempt could not be spooled");
        }
      }
      this.#keep(key);
    });
  }

  #keep(key: string): void {
    this.#finished.add(key);
    for (const oldest of this.#finished) {
      if (this.#finished.size <= this.#options.keptInMemory) return;
      this.#finished.delete(oldest);
      const live = this.#live.get(oldest);
      if (live) this.#retire(oldest, live);
    }
  }

  #retire(key: string, live: LiveOutput): void {
    if (this.#live.get(key) === live) this.#live.delete(key);
    live.retire();
  }
}
