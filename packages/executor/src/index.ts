/**
 * What an executor is: the contract between a node's worker and whatever runs tasks
 * (processes, webhooks, containers), the buffer their output goes into, and a twin in memory.
 *
 * An executor's duties:
 *   1. validate before anything is created; reject what can never run;
 *   2. hand the payload to the guard before it runs (G13);
 *   3. settle `result` exactly once, and only when nothing of the attempt is left;
 *   4. keep memory bounded however much the payload writes;
 *   5. never retry: a retry is a new attempt (G15).
 * `@coxswain/executor/suite` holds them to it.
 *
 * @example
 * const executor = new MemoryExecutor({ script: () => ({ end: { exitCode: 3 } }) });
 * const task = await executor.start(
 *   { task: { kind: "process", shell: "exit 3" }, timeoutMs: 1000 },
 *   { ref: { executionId: "backup.7.1", attempt: 1 }, jobId: "backup", dueMs: 0,
 *     guard: new MemoryGuard(), logger: silentLogger, clock: systemClock },
 * );
 * (await task.result).errorType; // "EXIT_CODE"
 */
export { AttemptRegister } from "./attempt-register.ts";
export { checkAttempt } from "./check-attempt.ts";
export { systemClock } from "./clock.ts";
export type { Clock } from "./clock.ts";
export {
  AttemptRunningError,
  ExecutorClosedError,
  ExecutorError,
  InvalidTaskError,
  IsolationMissingError,
  StartFailedError,
} from "./errors.ts";
export type { ErrorCategory } from "./errors.ts";
export { silentLogger } from "./executor.ts";
export type { AdoptionContext, AttemptContext, AttemptRef, Availability, Executor, Logger, RunningTask } from "./executor.ts";
export { MemoryGuard } from "./guard.ts";
export type { ContainerTarget, GuardHandle, GuardTarget, ProcessGroupTarget } from "./guard.ts";
export { MemoryExecutor } from "./memory-executor.ts";
export type { MemoryExecutorOptions, MemoryScript } from "./memory-executor.ts";
export { MemoryTask } from "./memory-task.ts";
export { OutputBudget } from "./output-budget.ts";
export type { BudgetMember, OutputBudgetOptions } from "./output-budget.ts";
export { OutputBuffer } from "./output-buffer.ts";
export type { OutputBufferOptions, OutputChunk, OutputGap, OutputRead, OutputStream } from "./output-buffer.ts";
export { checkReaderOptions, OutputReader } from "./output-reader.ts";
export type { OutputPiece, OutputReaderOptions, ReadableOutput } from "./output-reader.ts";
export { isShortage } from "./shortage.ts";
export { resultOfRejection } from "./task-result.ts";
export type { ErrorType, TaskOutcome, TaskResult } from "./task-result.ts";
export type { DockerTask, ProcessTask, ResourceLimits, Task, TaskSpec, WebhookTask } from "./task-spec.ts";
