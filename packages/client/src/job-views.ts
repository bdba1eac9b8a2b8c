import {
  AttemptOutcome,
  type Execution,
  ExecutionStatus,
  type GetJobStatusResponse,
  JobState,
  type JobSummary,
  OccurrenceOrigin,
  type Task,
} from "@coxswain/protocol";
import type { ScheduleSpec, TaskSpec } from "./job-spec.ts";

export const statuses = ["PENDING", "RUNNING", "COMPLETED", "FAILED", "TIMED_OUT", "CANCELLED"] as const;

/** Of an execution; of a job, that of its newest execution. */
export type Status = (typeof statuses)[number];
/** Whether a job has more occurrences to come. */
export type State = "ACTIVE" | "PAUSED" | "FINISHED" | "CANCELLED";
export type Origin = "SCHEDULED" | "BACKFILL" | "MANUAL";
export type Outcome = "SUCCEEDED" | "FAILED" | "TIMED_OUT" | "STOPPED" | "LOST";

/** Absent instants and nodes are undefined, never 0. Instants are ms since the epoch. */
export interface JobStatus {
  readonly jobId: string;
  readonly status: Status;
  readonly state: State;
  readonly owner: string;
  readonly task: TaskSpec | undefined;
  readonly schedule: ScheduleSpec;
  /** Tail of the newest attempt's output, as the bytes it wrote. */
  readonly output: Uint8Array;
  readonly exitCode: number | undefined;
  readonly error: string;
  readonly errorType: string;
  /** Node that the newest attempt was assigned to. */
  readonly assignedWorker: number | undefined;
  /** Node on which the newest attempt ended. */
  readonly executedBy: number | undefined;
  readonly createdAtMs: number;
  readonly completedAtMs: number | undefined;
  readonly nextDueMs: number | undefined;
  readonly executions: number;
  readonly attempts: number;
  readonly missedOccurrences: number;
  readonly latestExecutionId: string;
  readonly cancelReason: string;
  /** Why the newest execution waits although it is due: no node can take it. Empty when some node can, or nothing waits. */
  readonly pendingReason: string;
}

export interface JobListItem {
  readonly jobId: string;
  /** A line that says what it runs. */
  readonly command: string;
  readonly kind: string;
  /** A line that says when it runs. */
  readonly schedule: string;
  readonly status: Status;
  readonly state: State;
  readonly owner: string;
  readonly assignedWorker: number | undefined;
  readonly createdAtMs: number;
  readonly completedAtMs: number | undefined;
  readonly nextDueMs: number | undefined;
}

export interface AttemptView {
  readonly number: number;
  readonly nodeId: number;
  readonly assignedAtMs: number;
  readonly startedAtMs: number | undefined;
  readonly endedAtMs: number | undefined;
  /** Undefined while it runs. */
  readonly outcome: Outcome | undefined;
  readonly exitCode: number | undefined;
  readonly signal: string;
  readonly httpStatus: number | undefined;
  readonly errorType: string;
  readonly errorMessage: string;
  readonly output: Uint8Array;
  readonly outputBytes: number;
}

export interface ExecutionView {
  readonly id: string;
  readonly jobId: string;
  readonly number: number;
  readonly origin: Origin;
  readonly status: Status;
  readonly dueMs: number;
  readonly createdAtMs: number;
  readonly finishedAtMs: number | undefined;
  /** Instant of the next attempt while waiting for a retry. */
  readonly retryAtMs: number | undefined;
  /** Oldest first. */
  readonly attempts: readonly AttemptView[];
}

/** The name of an enum's value; `fallback` for 0 and for values of a newer server. */
function nameIn<Names extends string>(
  values: Readonly<Record<string, number>>,
  value: number,
  fallback: Names,
): Names {
  const name = Object.entries(values).find(([, number]) => number === value)?.[0];
  return name === undefined || name === "UNSPECIFIED" ? fallback : (name as Names);
}

const orUndefined = (value: number | undefined): number | undefined => (value === 0 ? undefined : value);

export function toStatus(status: ExecutionStatus): Status {
  return nameIn<Status>(ExecutionStatus, status, "PENDING");
}

export function fromStatus(status: Status | undefined): ExecutionStatus {
  return status === undefined ? ExecutionStatus.UNSPECIFIED : ExecutionStatus[status];
}

export function toJobStatus(response: GetJobStatusResponse): JobStatus {
  return {
    jobId: response.jobId,
    status: toStatus(response.status),
    state: nameIn<State>(JobState, response.state, "ACTIVE"),
    owner: response.owner,
    task: toTaskSpec(response.task),
    schedule: toScheduleSpec(response.schedule),
    output: response.output,
    exitCode: response.exitCode,
    error: response.error,
    errorType: response.errorType,
    assignedWorker: orUndefined(response.assignedWorker),
    executedBy: orUndefined(response.executedBy),
    createdAtMs: response.createdAtMs,
    completedAtMs: orUndefined(response.completedAtMs),
    nextDueMs: orUndefined(response.nextDueMs),
    executions: response.executions,
    attempts: response.attempts,
    missedOccurrences: response.missedOccurrences,
    latestExecutionId: response.latestExecutionId,
    cancelReason: response.cancelReason,
    pendingReason: response.pendingReason,
  };
}

export function toListItem(summary: JobSummary): JobListItem {
  return {
    jobId: summary.jobId,
    command: summary.command,
    kind: summary.kind,
    schedule: summary.schedule,
    status: toStatus(summary.status),
    state: nameIn<State>(JobState, summary.state, "ACTIVE"),
    owner: summary.owner,
    assignedWorker: orUndefined(summary.assignedWorker),
    createdAtMs: summary.createdAtMs,
    completedAtMs: orUndefined(summary.completedAtMs),
    nextDueMs: orUndefined(summary.nextDueMs),
  };
}

export function toExecutionView(execution: Execution): ExecutionView {
  return {
    id: execution.id,
    jobId: execution.jobId,
    number: execution.number,
    origin: nameIn<Origin>(OccurrenceOrigin, execution.origin, "SCHEDULED"),
    status: toStatus(execution.status),
    dueMs: execution.dueMs,
    createdAtMs: execution.createdAtMs,
    finishedAtMs: orUndefined(execution.finishedAtMs),
    retryAtMs: orUndefined(execution.retryAtMs),
    attempts: execution.attempts.map(toAttemptView),
  };
}

function toAttemptView(attempt: Execution["attempts"][number]): AttemptView {
  const { result } = attempt;
  return {
    number: attempt.number,
    nodeId: attempt.nodeId,
    assignedAtMs: attempt.assignedAtMs,
    startedAtMs: orUndefined(attempt.startedAtMs),
    endedAtMs: orUndefined(attempt.endedAtMs),
    outcome: result && nameIn<Outcome>(AttemptOutcome, result.outcome, "FAILED"),
    exitCode: result?.exitCode,
    signal: result?.signal ?? "",
    httpStatus: result?.httpStatus,
    errorType: result?.errorType ?? "",
    errorMessage: result?.errorMessage ?? "",
    output: result?.outputTail ?? new Uint8Array(),
    outputBytes: result?.outputBytes ?? 0,
  };
}

function toTaskSpec(task: Task | undefined): TaskSpec | undefined {
  if (task?.kind === undefined) return undefined;
  const { $case: kind, value } = task.kind;
  return { ...value, kind } as TaskSpec;
}

function toScheduleSpec(schedule: GetJobStatusResponse["schedule"]): ScheduleSpec {
  const kind = schedule?.kind;
  if (kind?.$case === "at") return { kind: "at", atMs: kind.value.atMs };
  if (kind?.$case !== "cron") return { kind: "now" };
  const { expression, timeZone, firstMs, lastMs } = kind.value;
  return {
    kind: "cron",
    expression,
    timeZone: timeZone === "" ? "UTC" : timeZone,
    ...(firstMs === 0 ? {} : { firstMs }),
    ...(lastMs === 0 ? {} : { lastMs }),
  };
}
