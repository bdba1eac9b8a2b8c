/**
 * What apply answers: one {@link ApplyResult} for each entry. Plain data without bytes, so that a
 * remembered result can be told again to a late retry (G10).
 */
import type { ExecutionStatus, JobState } from "@coxswain/protocol";

/** The closed set of categories; each edge maps them to its status codes in one table. */
export type ErrorCategory =
  | "invalid"
  | "not-found"
  | "conflict"
  | "denied"
  | "exhausted"
  | "unavailable"
  | "unknown-outcome"
  | "internal";

/** Why apply refused a command or one of its items. */
export type ApplyErrorCode =
  | "JOB_CONFLICT"
  | "JOB_NOT_FOUND"
  | "JOB_ALREADY_FINISHED"
  | "JOB_ACTIVE"
  | "JOB_PERMISSION_DENIED"
  | "JOB_REMOVED"
  | "JOB_LIMIT_REACHED"
  | "JOB_BYTES_LIMIT_REACHED"
  | "INVALID_ITEM"
  | "REQUEST_EXPIRED"
  | "REQUEST_CONFLICT"
  | "NODE_NOT_FOUND"
  | "NODE_IDENTITY_CONFLICT"
  | "STALE_INCARNATION"
  | "FEATURE_LEVEL_UNSUPPORTED";

/** A refusal as data. */
export interface ApplyError {
  readonly code: ApplyErrorCode;
  readonly category: ErrorCategory;
  /** Says what to do next. */
  readonly message: string;
  /** With category exhausted: where the limit stands. Counts of jobs, or bytes. */
  readonly limit?: { readonly current: number; readonly limit: number; readonly requested: number };
}

/** A refused command, or a refused item of one. */
export interface Refused {
  readonly error: ApplyError;
}

/** A job as a result tells it. */
export interface JobSummary {
  readonly jobId: string;
  readonly incarnation: number;
  readonly state: JobState;
  readonly status: ExecutionStatus;
  readonly createdAtMs: number;
  /** Empty before the first execution. */
  readonly latestExecutionId: string;
}

/** One item of a submit, in the order of the command. */
export type SubmitItemResult =
  | { readonly kind: "created"; readonly job: JobSummary; readonly assignedTo: number }
  /** The same id and content was there already: a retry. */
  | { readonly kind: "existed"; readonly job: JobSummary }
  | Refused;

/** An item that did not fit the state; nothing changed. */
export interface Ignored {
  readonly kind: "ignored";
  readonly reason:
    | "UNKNOWN"
    | "STALE"
    | "NOT_ACTIVE"
    | "NOT_FORWARD"
    | "NOT_PENDING"
    | "NOT_RUNNING"
    | "FENCED"
    | "NO_RESULT"
    | "PLACEMENT"
    | "ALREADY";
}

export type FireItemResult =
  /** `assignedTo` is 0 when the execution waits in the queue or needs no node. */
  | { readonly kind: "fired"; readonly executionId: string; readonly assignedTo: number }
  | { readonly kind: "skipped" }
  /** Too many executions of the job are active. */
  | { readonly kind: "missed" }
  | Ignored;

export type AssignItemResult = { readonly kind: "assigned" } | Ignored;

export type ReportItemResult =
  | { readonly kind: "ended"; readonly status: ExecutionStatus }
  /** Another attempt follows, at this instant or, with 0, as soon as a node has room. */
  | { readonly kind: "retrying"; readonly retryAtMs: number }
  | Ignored;

export type RetryItemResult = { readonly kind: "queued"; readonly assignedTo: number } | Ignored;

export type DeadlineItemResult = { readonly kind: "stopRequested" } | Ignored;

export type NodeLostItemResult = { readonly kind: "lost"; readonly attempts: number } | Ignored;

/** An attempt, as the node that ran it is told about it. */
export interface AttemptKey {
  readonly executionId: string;
  readonly attempt: number;
}

/** The result of one entry. */
export type ApplyResult =
  | { readonly kind: "noop" }
  | { readonly kind: "configured" }
  | { readonly kind: "submitted"; readonly items: readonly SubmitItemResult[] }
  | { readonly kind: "fired"; readonly items: readonly FireItemResult[] }
  | { readonly kind: "assigned"; readonly items: readonly AssignItemResult[] }
  | { readonly kind: "reported"; readonly items: readonly ReportItemResult[] }
  | { readonly kind: "retried"; readonly items: readonly RetryItemResult[] }
  | { readonly kind: "deadlines"; readonly items: readonly DeadlineItemResult[] }
  /** `stopping` counts attempts that still run and were asked to stop (G11). */
  | {
      readonly kind: "cancelled";
      readonly job: JobSummary;
      readonly cancelledAtMs: number;
      readonly stopping: number;
    }
  | { readonly kind: "deleted"; readonly jobId: string; readonly leftExecutions: number }
  /** `more`: another step has work to do. */
  | {
      readonly kind: "purged";
      readonly jobs: number;
      readonly executions: number;
      readonly requests: number;
      readonly more: boolean;
    }
  /** `refused`: attempts the node wanted to adopt but that are not its own any more; it must end them. */
  | {
      readonly kind: "registered";
      readonly nodeId: number;
      readonly incarnation: number;
      readonly adopted: readonly AttemptKey[];
      readonly refused: readonly AttemptKey[];
      readonly ended: readonly AttemptKey[];
    }
  | { readonly kind: "nodesLost"; readonly items: readonly NodeLostItemResult[] }
  | { readonly kind: "drainingSet"; readonly nodeId: number; readonly draining: boolean }
  | { readonly kind: "settingsSet"; readonly changed: boolean }
  | { readonly kind: "featureLevelRaised"; readonly featureLevel: number }
  | Refused;

/** Whether a result, or an item of one, is a refusal. */
export function isRefused(result: object): result is Refused {
  return "error" in result;
}
