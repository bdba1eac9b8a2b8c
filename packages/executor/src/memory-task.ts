import type { AttemptContext, AttemptRef, RunningTask } from "./executor.ts";
import type { MemoryScript } from "./memory-executor.ts";
import { OutputBuffer } from "./output-buffer.ts";
import type { TaskResult } from "./task-result.ts";
import type { TaskSpec } from "./task-spec.ts";

type Ending = Omit<TaskResult, "startedAtMs" | "endedAtMs">;

const STOPPED: Ending = { outcome: "stopped", errorType: "STOPPED", errorMessage: "Stopped on request.", retryable: false };

/** A pretended task of {@link MemoryExecutor}. */
export class MemoryTask implements RunningTask {
  readonly ref: AttemptRef;
  readonly spec: TaskSpec;
  readonly context: AttemptContext;
  readonly output: OutputBuffer;
  readonly result: Promise<TaskResult>;
  readonly #script: MemoryScript;
  readonly #startedAtMs: number;
  readonly #resolve: (result: TaskResult) => void;
  readonly #timers: (() => void)[] = [];

  constructor(spec: TaskSpec, context: AttemptContext, script: MemoryScript, outputCapacityBytes: number) {
    this.ref = context.ref;
    this.spec = spec;
    this.context = context;
    this.output = new OutputBuffer({ capacityBytes: outputCapacityBytes, budget: context.outputBudget });
    this.#script = script;
    this.#startedAtMs = script.end === "missing" ? 0 : context.clock.now();
    let resolve: (result: TaskResult) => void = () => {};
    this.result = new Promise((settle) => (resolve = settle));
    this.#resolve = resolve;
    this.#run();
  }

  /** Ends the task as if its program had exited. After the end it changes nothing. */
  finish(exitCode = 0): void {
    if (exitCode === 0) return this.#end({ outcome: "succeeded", exitCode, retryable: false });
    this.#end({ outcome: "failed", exitCode, errorType: "EXIT_CODE", errorMessage: `Exited with ${exitCode}.`, retryable: true });
  }

  async stop(graceMs: number): Promise<void> {
    if (this.#script.stubborn && graceMs > 0) this.#after(graceMs, () => this.#end(STOPPED));
    else this.#end(STOPPED);
    await this.result;
  }

  #run(): void {
    for (const { stream, bytes } of this.#script.output ?? []) this.output.write(bytes, stream);
    const { end } = this.#script;
    if (end === "missing") {
      this.#end({ outcome: "failed", errorType: "START_FAILED", errorMessage: "The program is missing.", retryable: false });
    } else if (end !== "hang") {
      this.finish(end.exitCode);
    } else {
      this.#after(this.spec.timeoutMs, () => {
        const errorMessage = `Not done after ${this.spec.timeoutMs} ms.`;
        this.#end({ outcome: "timedOut", errorType: "TIMEOUT", errorMessage, retryable: true });
      });
    }
  }

  #after(delayMs: number, callback: () => void): void {
    this.#timers.push(this.context.clock.after(delayMs, callback));
  }

  #end(ending: Ending): void {
    if (this.output.closed) return;
    for (const cancel of this.#timers) cancel();
    this.output.end();
    this.#resolve({ ...ending, startedAtMs: this.#startedAtMs, endedAtMs: this.context.clock.now() });
  }
}
