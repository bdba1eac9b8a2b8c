/**
 * Which hints follow from a record before and after a change.
 */
import { StopReason, type Execution, type Job } from "@coxswain/protocol";
import type { JobStoreEvent } from "../events.ts";
import { isQueued, isWaitingForRetry, newestAttempt, runningOf } from "./execution.ts";
import { isDue } from "./job.ts";

export function jobEvents(before: Job | undefined, after: Job | undefined): JobStoreEvent[] {
  const events: JobStoreEvent[] = [];
  const job = after ?? before;
  if (job === undefined) return events;
  if (
    before === undefined ||
    after === undefined ||
    before.state !== after.state ||
    before.status !== after.status
  ) {
    const { id: jobId, owner, state, status } = job;
    events.push({
      name: "jobChanged",
      payload: { jobId, owner, state, status, removed: after === undefined },
    });
  }
  if (
    after !== undefined &&
    isDue(after) &&
    (before === undefined || !isDue(before) || before.nextDueMs !== after.nextDueMs)
  ) {
    const { id: jobId, incarnation, version, nextDueMs: atMs } = after;
    events.push({ name: "due", payload: { kind: "fire", atMs, jobId, incarnation, version } });
  }
  return events;
}

export function executionEvents(before: Execution | undefined, after: Execution): JobStoreEvent[] {
  return [...endedEvents(before, after), ...waitingEvents(before, after), ...runningEvents(before, after)];
}

/** The attempt that ran before does not run any more. */
function endedEvents(before: Execution | undefined, after: Execution): JobStoreEvent[] {
  const ran = before === undefined ? undefined : runningOf(before);
  if (ran === undefined || runningOf(after)?.attempt === ran.attempt) return [];
  const { executionId, jobId, attempt, nodeId } = ran;
  return [
    { name: "attemptEnded", payload: { executionId, jobId, attempt, nodeId, status: after.status } },
    { name: "capacityFreed", payload: { nodeId } },
  ];
}

function waitingEvents(before: Execution | undefined, after: Execution): JobStoreEvent[] {
  if (isQueued(after) && (before === undefined || !isQueued(before))) {
    return [{ name: "queued", payload: { executionId: after.id, executor: after.executor } }];
  }
  if (isWaitingForRetry(after) && before?.retryAtMs !== after.retryAtMs) {
    return [{ name: "due", payload: { kind: "retry", atMs: after.retryAtMs, executionId: after.id } }];
  }
  return [];
}

function runningEvents(before: Execution | undefined, after: Execution): JobStoreEvent[] {
  const runs = runningOf(after);
  if (runs === undefined) return [];
  const { executionId, jobId, attempt, nodeId, nodeIncarnation } = runs;
  const ran = before === undefined ? undefined : runningOf(before);
  const events: JobStoreEvent[] = [];
  if (ran?.attempt !== attempt || ran.nodeIncarnation !== nodeIncarnation) {
    events.push({ name: "assigned", payload: { executionId, jobId, attempt, nodeId, nodeIncarnation } });
  }
  if (ran?.attempt !== attempt) {
    const atMs = newestAttempt(after)?.deadlineMs ?? 0;
    events.push({ name: "due", payload: { kind: "deadline", atMs, executionId, attempt } });
  }
  const isAsked = after.stopRequested !== StopReason.UNSPECIFIED;
  if (
    isAsked &&
    (before?.stopRequested !== after.stopRequested || before.stopGraceMs !== after.stopGraceMs)
  ) {
    const payload = { executionId, attempt, nodeId, nodeIncarnation, reason: after.stopRequested };
    events.push({ name: "stopRequested", payload });
  }
  return events;
}
