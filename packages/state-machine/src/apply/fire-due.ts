/**
 * FireDue: occurrences become executions, each at most once (G5).
 */
import { JobState, OccurrenceOrigin, type FireDue, type FireDue_Item, type Job } from "@coxswain/protocol";
import { executionId } from "../keys.ts";
import { executionBytes, newestAttempt } from "../records/execution.ts";
import { isTerminal } from "../records/job.ts";
import type { FireItemResult, Ignored } from "../results.ts";
import type { State } from "../state.ts";
import { ignore, type ApplyContext, type ItemsCommand } from "./context.ts";
import { createExecution, finishedIfDone } from "./lifecycle.ts";

/** Old executions removed with each new one, at most: two, so that a lowered limit is reached in time. */
const TRIMMED_PER_FIRE = 2;

export const fireDue: ItemsCommand<FireDue, FireDue_Item, FireItemResult> = {
  shape: "items",
  items: (body) => body.items,
  reads: (item, reads) => reads.job(item.jobId),
  readsMore: (item, state, reads) => {
    const job = state.jobs.get(item.jobId);
    if (job === undefined) return;
    for (const id of oldestIds(state, job)) reads.execution(id);
  },
  apply: (item, context) => {
    const job = context.state.jobs.get(item.jobId);
    const ignored = mismatch(job, item);
    if (job === undefined || ignored !== undefined) return ignored ?? ignore("UNKNOWN");
    return fire(context, moveOn(context, job, item), item);
  },
  result: (items) => ({ kind: "fired", items }),
};

/** A deposed leader, or one that computed from an older version, changes nothing. */
function mismatch(job: Job | undefined, item: FireDue_Item): Ignored | undefined {
  if (job === undefined || job.incarnation !== item.jobIncarnation) return ignore("UNKNOWN");
  if (job.state !== JobState.ACTIVE) return ignore("NOT_ACTIVE");
  if (job.version !== item.jobVersion || item.dueMs < 1 || job.nextDueMs !== item.dueMs)
    return ignore("STALE");
  if (item.nextDueMs !== 0 && item.nextDueMs <= item.dueMs) return ignore("NOT_FORWARD");
  return undefined;
}

function moveOn(context: ApplyContext, job: Job, item: FireDue_Item): Job {
  context.state.meta.counters.missedOccurrences += item.missed;
  return {
    ...job,
    nextDueMs: item.nextDueMs,
    lastDueMs: item.skip ? job.lastDueMs : item.dueMs,
    missedOccurrences: job.missedOccurrences + item.missed,
  };
}

function fire(context: ApplyContext, job: Job, item: FireDue_Item): FireItemResult {
  const { state } = context;
  const full = job.activeNumbers.length >= state.meta.limits().maxActiveExecutionsPerJob;
  if (item.skip || full) {
    state.meta.counters.missedOccurrences += 1;
    const lastDueMs = item.skip ? job.lastDueMs : previousDue(state, job);
    state.putJob(
      finishedIfDone(context, { ...job, lastDueMs, missedOccurrences: job.missedOccurrences + 1 }),
    );
    return { kind: item.skip ? "skipped" : "missed" };
  }
  const occurrence = {
    origin: OccurrenceOrigin.SCHEDULED,
    dueMs: item.dueMs,
    requestId: "",
    placement: item.placement,
  };
  const created = createExecution(context, trimmed(state, job), occurrence);
  state.putJob(created.job);
  return {
    kind: "fired",
    executionId: created.execution.id,
    assignedTo: newestAttempt(created.execution)?.nodeId ?? 0,
  };
}

/** `lastDueMs` names occurrences that fired. */
function previousDue(state: State, job: Job): number {
  return state.jobs.get(job.id)?.lastDueMs ?? 0;
}

/** Removes the oldest executions beyond the number kept; stops at one that is not over. */
function trimmed(state: State, job: Job): Job {
  let next = job;
  for (const id of oldestIds(state, job)) {
    const execution = state.executions.get(id);
    if (execution === undefined || !isTerminal(execution.status)) break;
    state.eraseExecution(id);
    next = {
      ...next,
      oldestExecution: next.oldestExecution + 1,
      keptBytes: next.keptBytes - executionBytes(execution),
    };
  }
  return next;
}

/** The executions that have to go before the job gets another one. */
function oldestIds(state: State, job: Job): string[] {
  if (job.oldestExecution === 0) return [];
  const kept = job.executions - job.oldestExecution + 1;
  const surplus = kept + 1 - state.meta.limits().maxExecutionsKeptPerJob;
  const count = Math.max(0, Math.min(TRIMMED_PER_FIRE, surplus, kept));
  return Array.from({ length: count }, (_, i) =>
    executionId(job.id, job.incarnation, job.oldestExecution + i),
  );
}
