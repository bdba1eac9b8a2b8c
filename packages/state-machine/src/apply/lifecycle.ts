/**
 * The life of an execution: created, queued, assigned, over. Every command that moves an
 * execution does it through these steps; what an attempt's end leads to stands in `attempt-end.ts`.
 */
import {
  ExecutionStatus,
  JobState,
  StopReason,
  type Attempt,
  type Execution,
  type Job,
  type OccurrenceOrigin,
  type Placement,
} from "@coxswain/protocol";
import { executionId } from "../keys.ts";
import { executionBytes, isQueued } from "../records/execution.ts";
import { isTerminal } from "../records/job.ts";
import { executorOf } from "../records/task.ts";
import type { ApplyContext } from "./context.ts";
import { placementHolds } from "./placement.ts";

/** How long after its timeout an attempt may take to be ended by its own node before the leader asks. */
const DEADLINE_MARGIN_MS = 10_000;
/** The same for a container: its timeout counts from its start, and pulling its image may come before. */
const DOCKER_DEADLINE_MARGIN_MS = 3_600_000;

/** An occurrence to run. */
export interface Occurrence {
  readonly origin: OccurrenceOrigin;
  readonly dueMs: number;
  readonly requestId: string;
  readonly placement: Placement | undefined;
}

/** Creates the next execution of a job. Gives the job as it is then; the caller puts it. */
export function createExecution(
  context: ApplyContext,
  job: Job,
  occurrence: Occurrence,
): { job: Job; execution: Execution } {
  const number = job.executions + 1;
  const executor = executorOf(job.task);
  const fresh: Execution = {
    id: executionId(job.id, job.incarnation, number),
    jobId: job.id,
    jobIncarnation: job.incarnation,
    number,
    origin: occurrence.origin,
    dueMs: occurrence.dueMs,
    requestId: occurrence.requestId,
    status: ExecutionStatus.PENDING,
    createdAtMs: context.timeMs,
    finishedAtMs: 0,
    attempts: [],
    stopRequested: StopReason.UNSPECIFIED,
    stopGraceMs: undefined,
    retryAtMs: 0,
    queuedIndex: context.index,
    queuedItem: context.nextItem(),
    nodeLosses: 0,
    owner: job.owner,
    priority: job.policy?.priority ?? 0,
    executor,
  };
  const execution =
    executor === "none"
      ? ended(context, fresh, ExecutionStatus.COMPLETED)
      : (assigned(context, job, fresh, occurrence.placement) ?? fresh);
  // Of a new id: known not to be there, so there is nothing to read.
  context.state.executions.keepRead(execution.id, undefined);
  context.state.putExecution(execution);
  const next: Job = {
    ...job,
    executions: number,
    latestExecutionId: execution.id,
    oldestExecution: job.oldestExecution === 0 ? number : job.oldestExecution,
    activeNumbers: [...job.activeNumbers, number],
  };
  return { job: followed(context, next, execution), execution };
}

/** The execution as RUNNING where the placement says; undefined when the placement does not hold. */
export function assigned(
  context: ApplyContext,
  job: Job,
  execution: Execution,
  placement: Placement | undefined,
): Execution | undefined {
  if (!isQueued(execution) || !placementHolds(context.state, placement, execution.executor)) return undefined;
  const attempt: Attempt = {
    number: execution.attempts.length + 1,
    nodeId: placement.nodeId,
    nodeIncarnation: placement.nodeIncarnation,
    assignedAtMs: context.timeMs,
    startedAtMs: 0,
    endedAtMs: 0,
    result: undefined,
    deadlineMs: context.timeMs + (job.policy?.timeoutMs ?? 0) + marginMs(execution.executor),
  };
  return { ...execution, status: ExecutionStatus.RUNNING, attempts: [...execution.attempts, attempt] };
}

function marginMs(executor: string): number {
  return executor === "docker" ? DOCKER_DEADLINE_MARGIN_MS : DEADLINE_MARGIN_MS;
}

/** Assigns a queued execution and its job; false when the placement does not hold. */
export function tryAssign(
  context: ApplyContext,
  job: Job,
  execution: Execution,
  placement: Placement | undefined,
): boolean {
  const running = assigned(context, job, execution, placement);
  if (running === undefined) return false;
  settle(context, job, running);
  return true;
}

/** Puts a changed execution, and its job as it follows. */
export function settle(context: ApplyContext, job: Job, execution: Execution): void {
  context.state.putExecution(execution);
  const next = followed(context, job, execution);
  if (next !== job) context.state.putJob(next);
}

/** The job after one of its executions changed: status, active numbers, and whether it is finished. */
function followed(context: ApplyContext, job: Job, execution: Execution): Job {
  const terminal = isTerminal(execution.status);
  const isNewest = execution.number === job.executions;
  if (!terminal) {
    const activeExecutions = job.activeNumbers.length;
    if (!isNewest || (job.status === execution.status && job.activeExecutions === activeExecutions))
      return job;
    return { ...job, status: execution.status, activeExecutions };
  }
  const activeNumbers = job.activeNumbers.filter((number) => number !== execution.number);
  return finishedIfDone(context, {
    ...job,
    status: isNewest ? execution.status : job.status,
    activeNumbers,
    activeExecutions: activeNumbers.length,
    keptBytes: job.keptBytes + executionBytes(execution),
  });
}

/** FINISHED when nothing runs and nothing is due; a cancelled recurring job shows CANCELLED. */
export function finishedIfDone(context: ApplyContext, job: Job): Job {
  if (job.activeNumbers.length > 0) return job;
  if (job.state === JobState.CANCELLED) {
    const shows = job.executions === 0 || job.schedule?.kind?.$case === "cron";
    return { ...job, status: shows ? ExecutionStatus.CANCELLED : job.status, finishedAtMs: context.timeMs };
  }
  if (job.state !== JobState.ACTIVE || job.nextDueMs > 0) return job;
  return { ...job, state: JobState.FINISHED, finishedAtMs: context.timeMs };
}

/** The execution as over. */
export function ended(context: ApplyContext, execution: Execution, status: ExecutionStatus): Execution {
  return {
    ...execution,
    status,
    finishedAtMs: context.timeMs,
    retryAtMs: 0,
    stopRequested: StopReason.UNSPECIFIED,
    stopGraceMs: undefined,
  };
}

/** The execution waiting again: in the queue, or until `retryAtMs`. */
export function queued(context: ApplyContext, execution: Execution, retryAtMs: number): Execution {
  return {
    ...execution,
    status: ExecutionStatus.PENDING,
    stopRequested: StopReason.UNSPECIFIED,
    stopGraceMs: undefined,
    retryAtMs,
    queuedIndex: context.index,
    queuedItem: context.nextItem(),
  };
}
