import type { Clock } from "./clock.ts";
import type { GuardHandle } from "./guard.ts";
import type { OutputBudget } from "./output-budget.ts";
import type { OutputBuffer } from "./output-buffer.ts";
import type { TaskResult } from "./task-result.ts";
import type { TaskSpec } from "./task-spec.ts";

/** Names one attempt; fences its reports. */
export interface AttemptRef {
  /** `<job id>.<job incarnation>.<number>`. */
  readonly executionId: string;
  /** From 1. */
  readonly attempt: number;
}

/** Where an executor writes its own notes. pino fits. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Drops every line. */
export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} };

/** What an attempt is told about itself and its surroundings. */
export interface AttemptContext {
  readonly ref: AttemptRef;
  readonly jobId: string;
  /** The job's type in the words of the webhook body, such as `unico`, `recurrente` or `now`. */
  readonly jobType?: string;
  /** The occurrence's due time, milliseconds since the epoch. */
  readonly dueMs: number;
  readonly guard: GuardHandle;
  readonly logger: Logger;
  readonly clock: Clock;
  /** Bounds the output of all attempts of the node together. Default none. */
  readonly outputBudget?: OutputBudget | undefined;
}

/** What adopted attempts are surrounded by; the rest they know themselves. */
export type AdoptionContext = Pick<AttemptContext, "guard" | "logger" | "clock" | "outputBudget">;

/** An attempt from start to end. */
export interface RunningTask {
  readonly ref: AttemptRef;
  /** Ended when the result is there. */
  readonly output: OutputBuffer;
  /** Resolves once, when nothing of the attempt is left running. Never rejects. */
  readonly result: Promise<TaskResult>;
  /**
   * Ends the attempt: asks, waits up to `graceMs`, then forces; 0 forces at once. Resolves
   * when the result is there. May be called at any time and repeatedly; after the end it
   * changes nothing, and a shorter grace than before takes effect.
   */
  stop(graceMs: number): Promise<void>;
}

/**
 * Answers whether this machine can run an executor's tasks. `limitations` says what its tasks
 * do without because the executor was told to run them all the same.
 */
export type Availability = { readonly ok: true; readonly limitations?: string } | { readonly ok: false; readonly reason: string };

/**
 * Runs tasks of one kind. It never retries: retries are attempts (G15).
 */
export interface Executor {
  /** The task kind it takes. */
  readonly kind: string;
  /**
   * Validates, then returns at once with a task on its way; what goes wrong later is in its
   * `result`. Rejects with {@link InvalidTaskError} for a task or context that can never run,
   * with {@link AttemptRunningError} if this attempt runs here already, and with
   * {@link ExecutorClosedError} after `close`; `resultOfRejection` turns each into a result.
   */
  start(spec: TaskSpec, context: AttemptContext): Promise<RunningTask>;
  /** Attempts of earlier incarnations that run on, or have ended unseen; an executor that has this has `adopt`. */
  leftovers?(): Promise<readonly AttemptRef[]>;
  /** Takes up attempts of earlier incarnations, as far as they are there. Call before `reap`. */
  adopt?(attempts: readonly AttemptRef[], surroundings: AdoptionContext): Promise<RunningTask[]>;
  /** Ends what earlier incarnations left running and is not adopted; resolves when it is gone. Call before the first `start`. */
  reap?(): Promise<void>;
  available(): Promise<Availability>;
  /** Stops what runs, with no grace, and releases everything. May be called twice. */
  close(): Promise<void>;
}
