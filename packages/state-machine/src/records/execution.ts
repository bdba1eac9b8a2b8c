/**
 * What follows from an execution's record alone.
 */
import { ExecutionStatus, StopReason, type Attempt, type Execution } from "@coxswain/protocol";
import { be64, DUE_PREFIX, queueKey, runningKey } from "../keys.ts";
import type { QueuedExecution, RunningAttempt } from "../queries/types.ts";
import type { IndexEntry } from "./job.ts";

/** What an execution costs beside its texts and its output tail. */
const EXECUTION_OVERHEAD_BYTES = 256;
const ATTEMPT_OVERHEAD_BYTES = 64;

/** The attempt that runs or ran last. */
export function newestAttempt(execution: Execution): Attempt | undefined {
  return execution.attempts.at(-1);
}

/** Waits for a node. */
export function isQueued(execution: Execution): boolean {
  return execution.status === ExecutionStatus.PENDING && execution.retryAtMs === 0;
}

/** Waits for the instant of its next attempt. */
export function isWaitingForRetry(execution: Execution): boolean {
  return execution.status === ExecutionStatus.PENDING && execution.retryAtMs !== 0;
}

/** Has a deadline that is still ahead: once it was asked to stop, only its node can end it (G11). */
function hasDeadline(execution: Execution): boolean {
  return execution.status === ExecutionStatus.RUNNING && execution.stopRequested === StopReason.UNSPECIFIED;
}

/** What a finished execution counts against the limits of history. */
export function executionBytes(execution: Execution): number {
  let bytes = EXECUTION_OVERHEAD_BYTES;
  for (const { result } of execution.attempts) {
    bytes +=
      ATTEMPT_OVERHEAD_BYTES +
      (result === undefined ? 0 : result.outputTail.length + result.errorMessage.length);
  }
  return bytes;
}

/** Every index entry of an execution. */
export function executionIndexes(execution: Execution): IndexEntry[] {
  if (execution.status === ExecutionStatus.PENDING) {
    if (isWaitingForRetry(execution)) return [[retryKey(execution), ""]];
    return [[queueKeyOf(execution), queueValue(execution)]];
  }
  if (execution.status !== ExecutionStatus.RUNNING) return [];
  const running: IndexEntry = [runningKey(execution.id), ""];
  const attempt = newestAttempt(execution);
  if (attempt === undefined || !hasDeadline(execution)) return [running];
  return [
    running,
    [`${DUE_PREFIX}${be64(attempt.deadlineMs)}/deadline/${execution.id}`, String(attempt.number)],
  ];
}

function retryKey(execution: Execution): string {
  return `${DUE_PREFIX}${be64(execution.retryAtMs)}/retry/${execution.id}`;
}

/** The place of a waiting execution in the queue. */
export function queueKeyOf(execution: Execution): string {
  return queueKey(execution.priority, execution.queuedIndex, execution.queuedItem);
}

function queueValue(execution: Execution): string {
  const { id, jobId, executor, priority, queuedIndex, queuedItem, attempts } = execution;
  return JSON.stringify([id, jobId, executor, attempts.length + 1, priority, queuedIndex, queuedItem]);
}

/** Reads what {@link executionIndexes} wrote for a waiting execution. */
export function parseQueueValue(text: string): QueuedExecution {
  const [executionId, jobId, executor, attempt, priority, queuedIndex, queuedItem] = JSON.parse(text) as [
    string,
    string,
    string,
    number,
    number,
    number,
    number,
  ];
  return { executionId, jobId, executor, attempt, priority, queuedIndex, queuedItem };
}

export function queuedOf(execution: Execution): QueuedExecution {
  const { id, jobId, executor, priority, queuedIndex, queuedItem, attempts } = execution;
  return {
    executionId: id,
    jobId,
    executor,
    attempt: attempts.length + 1,
    priority,
    queuedIndex,
    queuedItem,
  };
}

/** The running attempt of an execution; undefined when none runs. */
export function runningOf(execution: Execution): RunningAttempt | undefined {
  const attempt = newestAttempt(execution);
  if (execution.status !== ExecutionStatus.RUNNING || attempt === undefined) return undefined;
  return {
    executionId: execution.id,
    jobId: execution.jobId,
    attempt: attempt.number,
    nodeId: attempt.nodeId,
    nodeIncarnation: attempt.nodeIncarnation,
    stopRequested: execution.stopRequested,
    stopGraceMs: execution.stopGraceMs,
    deadlineMs: attempt.deadlineMs,
  };
}
