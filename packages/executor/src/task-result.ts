import { ExecutorError } from "./errors.ts";

/**
 * How an attempt ended. `lost`: its lease or its guard was gone, so the node gave it up.
 */
export type TaskOutcome = "succeeded" | "failed" | "timedOut" | "stopped" | "lost";

/** The stable words of `errorType`. The README says which executor uses which, and what it means. */
export type ErrorType =
  | "EXIT_CODE"
  | "SIGNAL"
  | "OUT_OF_MEMORY"
  | "START_FAILED"
  | "INVALID_TASK"
  | "TIMEOUT"
  | "STOPPED"
  | "GUARD_UNAVAILABLE"
  | "LEASE_ENDED"
  | "EXECUTOR_CLOSED"
  | "ISOLATION_MISSING"
  | "IMAGE"
  | "ENGINE"
  | "HTTP"
  | "HTTP_4XX"
  | "HTTP_5XX"
  | "REDIRECT"
  | "BODY"
  | "CONNECTION"
  | "DNS"
  | "TLS"
  | "TARGET_REFUSED"
  | "INTERNAL";

/** The end of one attempt; there is exactly one. */
export interface TaskResult {
  readonly outcome: TaskOutcome;
  readonly exitCode?: number;
  /** Such as `SIGKILL`. */
  readonly signal?: string;
  /** Unset on success. */
  readonly errorType?: ErrorType;
  readonly errorMessage?: string;
  readonly httpStatus?: number;
  /** Webhooks: from the start of the request to the head of the response. */
  readonly responseTimeMs?: number;
  /** Whether another attempt may help. */
  readonly retryable: boolean;
  /** When the payload was let go, milliseconds since the epoch. 0 means it never ran. */
  readonly startedAtMs: number;
  readonly endedAtMs: number;
}

/**
 * The result of an attempt whose `start` rejected. Invalid tasks never become valid, so they
 * are not retryable; anything else is.
 */
export function resultOfRejection(error: unknown, nowMs: number): TaskResult {
  const known = error instanceof ExecutorError;
  const invalid = known && error.category === "invalid";
  return {
    outcome: "failed",
    errorType: known ? rejectionType(error.code) : "INTERNAL",
    errorMessage: error instanceof Error ? error.message : String(error),
    retryable: !invalid,
    startedAtMs: 0,
    endedAtMs: nowMs,
  };
}

function rejectionType(code: string): ErrorType {
  if (code === "INVALID_TASK" || code === "START_FAILED" || code === "EXECUTOR_CLOSED") return code;
  if (code === "ISOLATION_MISSING") return code;
  return "INTERNAL";
}
