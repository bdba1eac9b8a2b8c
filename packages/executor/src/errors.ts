/** The closed set every edge maps to its status codes. */
export type ErrorCategory =
  | "invalid"
  | "not-found"
  | "conflict"
  | "denied"
  | "exhausted"
  | "unavailable"
  | "unknown-outcome"
  | "internal";

/** What all executors throw. */
export abstract class ExecutorError extends Error {
  abstract readonly code: string;
  abstract readonly category: ErrorCategory;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** The task, or what it is told about itself, can never run as it is. */
export class InvalidTaskError extends ExecutorError {
  readonly code = "INVALID_TASK";
  readonly category = "invalid";
}

/** The task was sound but could not be started here. */
export class StartFailedError extends ExecutorError {
  readonly code = "START_FAILED";
  readonly category = "invalid";
}

/** This machine cannot hold the task within its limits, and the executor may not run it without. */
export class IsolationMissingError extends ExecutorError {
  readonly code = "ISOLATION_MISSING";
  readonly category = "unavailable";
}

/** This attempt already runs in this executor. */
export class AttemptRunningError extends ExecutorError {
  readonly code = "ATTEMPT_RUNNING";
  readonly category = "conflict";
}

/** The executor was closed; another node, or the next start of this one, can run the task. */
export class ExecutorClosedError extends ExecutorError {
  readonly code = "EXECUTOR_CLOSED";
  readonly category = "unavailable";
}
