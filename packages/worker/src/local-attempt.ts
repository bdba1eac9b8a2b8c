/**
 * One attempt on this node, from its start to its result.
 */
import { resultOfRejection } from "@coxswain/executor";
import type { AttemptContext, Executor, OutputBuffer, RunningTask, TaskResult, TaskSpec } from "@coxswain/executor";
import { lostResult } from "./attempt-report.ts";
import type { AssignedAttempt } from "./contracts.ts";

export class LocalAttempt {
  readonly assigned: AssignedAttempt;
  readonly #now: () => number;
  readonly #onOutput: (output: OutputBuffer) => void;
  #task: RunningTask | undefined;
  #stopGraceMs: number | undefined;
  #lostBecause: string | undefined;

  /** @param onOutput called once the task has started, or is attended to */
  constructor(assigned: AssignedAttempt, now: () => number, onOutput: (output: OutputBuffer) => void) {
    this.assigned = assigned;
    this.#now = now;
    this.#onOutput = onOutput;
  }

  /** There once the task has started. */
  get output(): OutputBuffer | undefined {
    return this.#task?.output;
  }

  /** Runs the task to its end. Never rejects: what goes wrong is the result. */
  async run(executor: Executor, spec: TaskSpec, context: AttemptContext): Promise<TaskResult> {
    if (this.#stopGraceMs !== undefined) return this.#stoppedBeforeStart();
    let task;
    try {
      task = await executor.start(spec, context);
    } catch (error) {
      // It never ran. When it was to be given up anyway, that is why: no try of the job is used up by it.
      if (this.#lostBecause !== undefined) return lostResult(this.#lostBecause, 0, this.#now());
      return resultOfRejection(error, this.#now());
    }
    return this.attend(task);
  }

  /** Follows a task that runs to its end. Never rejects. */
  async attend(task: RunningTask): Promise<TaskResult> {
    this.#task = task;
    this.#onOutput(task.output);
    if (this.#stopGraceMs !== undefined) void task.stop(this.#stopGraceMs);
    const result = await task.result;
    // What ended by itself before the stop took effect keeps its own result: its work is done.
    if (this.#lostBecause === undefined || result.outcome !== "stopped") return result;
    return lostResult(this.#lostBecause, result.startedAtMs, result.endedAtMs);
  }

  /** Asks the task to end; may be called at any time, and again with a shorter grace. */
  stop(graceMs: number): void {
    this.#stopGraceMs = Math.min(graceMs, this.#stopGraceMs ?? graceMs);
    void this.#task?.stop(this.#stopGraceMs);
  }

  /** Ends the task at once because this node may not run it any longer; its result is "lost". */
  giveUp(reason: string): void {
    this.#lostBecause ??= reason;
    this.stop(0);
  }

  #stoppedBeforeStart(): TaskResult {
    const now = this.#now();
    if (this.#lostBecause !== undefined) return lostResult(this.#lostBecause, 0, now);
    return { outcome: "stopped", errorType: "STOPPED", retryable: false, startedAtMs: 0, endedAtMs: now };
  }
}
