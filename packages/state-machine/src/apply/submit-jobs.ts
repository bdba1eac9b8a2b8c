/**
 * SubmitJobs: stores jobs; those due now get their execution, and its node, in the same commit.
 */
import {
  ExecutionStatus,
  JobState,
  OccurrenceOrigin,
  type Job,
  type SubmitJobs,
  type SubmitJobs_Item,
  type Task,
} from "@coxswain/protocol";
import { sameBytes } from "../disk/text.ts";
import { isKeyText } from "../keys.ts";
import { newestAttempt } from "../records/execution.ts";
import { jobSizeBytes, summaryOf } from "../records/job.ts";
import { removedJobName } from "../records/kinds.ts";
import { executorOf } from "../records/task.ts";
import type { Refused, SubmitItemResult } from "../results.ts";
import { refuse, type ApplyContext, type ItemsCommand } from "./context.ts";
import { createExecution } from "./lifecycle.ts";
import { isExpired, remembersAny } from "./requests.ts";

export const submitJobs: ItemsCommand<SubmitJobs, SubmitJobs_Item, SubmitItemResult> = {
  shape: "items",
  items: (body) => body.items,
  reads: (item, reads) => reads.job(item.jobId),
  readsMore: (item, state, reads) => {
    if (remembersAny(state)) reads.request(removedJobName(item.jobId));
  },
  apply: (item, context) => {
    const existing = context.state.jobs.get(item.jobId);
    if (existing !== undefined) return compare(existing, item);
    return refusal(item, context) ?? create(item, context);
  },
  result: (items) => ({ kind: "submitted", items }),
};

/** The record itself removes duplicates (G10). */
function compare(existing: Job, item: SubmitJobs_Item): SubmitItemResult {
  if (existing.owner === item.owner && sameBytes(existing.contentHash, item.contentHash)) {
    return { kind: "existed", job: summaryOf(existing) };
  }
  return refuse(
    "JOB_CONFLICT",
    `A job with the id ${item.jobId} exists and has other content. Choose another id.`,
  );
}

function refusal(item: SubmitJobs_Item, context: ApplyContext): Refused | undefined {
  const flaw = flawOf(item);
  if (flaw !== undefined) return refuse("INVALID_ITEM", flaw);
  const { state, timeMs } = context;
  if (isExpired(state, item.idTimeMs, timeMs)) {
    return refuse(
      "REQUEST_EXPIRED",
      `The id ${item.jobId} was made outside of the request window. Look whether the job ran, then submit under a new id.`,
    );
  }
  if (remembersAny(state) && state.requests.get(removedJobName(item.jobId)) !== undefined) {
    return refuse(
      "JOB_REMOVED",
      `The job ${item.jobId} was there and has been removed. Submit under a new id.`,
    );
  }
  return overLimit(item, context);
}

function flawOf(item: SubmitJobs_Item): string | undefined {
  const { jobId, owner, task, policy, schedule, nextDueMs } = item;
  if (!isKeyText(jobId)) return "A job id has 1 to 512 characters, none of them a control character.";
  if (!isKeyText(owner)) return "An owner has 1 to 512 characters, none of them a control character.";
  if (task?.kind === undefined) return "A job needs a task.";
  if (policy === undefined) return "A job needs a resolved policy.";
  if (policy.timeoutMs < 1 && executorOf(task) !== "none") return "A job needs a timeout of at least 1 ms.";
  if (schedule?.kind !== undefined && schedule.kind.$case !== "now" && nextDueMs < 1) {
    return "The schedule has no occurrence that is still to come.";
  }
  return undefined;
}

function overLimit(item: SubmitJobs_Item, { state }: ApplyContext): Refused | undefined {
  const { maxActiveJobs, maxActiveJobBytes } = state.meta.limits();
  const { activeJobs, activeJobBytes } = state.meta.counters;
  if (activeJobs + 1 > maxActiveJobs) {
    return refuse(
      "JOB_LIMIT_REACHED",
      `${activeJobs} of at most ${maxActiveJobs} jobs are active. Try again when some have finished.`,
      {
        current: activeJobs,
        limit: maxActiveJobs,
        requested: 1,
      },
    );
  }
  const requested = jobSizeBytes(item.jobId, item.task, item.schedule);
  if (activeJobBytes + requested <= maxActiveJobBytes) return undefined;
  return refuse(
    "JOB_BYTES_LIMIT_REACHED",
    `Active jobs take ${activeJobBytes} of at most ${maxActiveJobBytes} bytes; this one needs ${requested}. Try again when some have finished.`,
    { current: activeJobBytes, limit: maxActiveJobBytes, requested },
  );
}

function create(item: SubmitJobs_Item, context: ApplyContext): SubmitItemResult {
  const { state, timeMs } = context;
  state.meta.counters.createdJobs += 1;
  const job = newJob(item, context);
  if (job.nextDueMs > 0) {
    state.putJob(job);
    return { kind: "created", job: summaryOf(job), assignedTo: 0 };
  }
  const occurrence = {
    origin: OccurrenceOrigin.SCHEDULED,
    dueMs: timeMs,
    requestId: "",
    placement: item.placement,
  };
  const created = createExecution(context, job, occurrence);
  state.putJob(created.job);
  return {
    kind: "created",
    job: summaryOf(created.job),
    assignedTo: newestAttempt(created.execution)?.nodeId ?? 0,
  };
}

/** Bytes of a decoded command are views of the whole entry; a copy lets the entry go. */
function ownTask(task: Task | undefined): Task | undefined {
  if (task?.kind?.$case !== "webhook") return task;
  const { value } = task.kind;
  return { kind: { $case: "webhook", value: { ...value, payload: value.payload.slice() } } };
}

function newJob(item: SubmitJobs_Item, context: ApplyContext): Job {
  const { jobId: id, owner, schedule, policy } = item;
  const task = ownTask(item.task);
  const contentHash = item.contentHash.slice();
  const isNow = schedule?.kind === undefined || schedule.kind.$case === "now";
  return {
    id,
    owner,
    task,
    schedule,
    policy,
    contentHash,
    incarnation: context.index,
    item: context.nextItem(),
    version: 1,
    state: JobState.ACTIVE,
    status: ExecutionStatus.PENDING,
    createdAtMs: context.timeMs,
    nextDueMs: isNow ? 0 : item.nextDueMs,
    lastDueMs: isNow ? context.timeMs : 0,
    executions: 0,
    latestExecutionId: "",
    activeExecutions: 0,
    activeNumbers: [],
    oldestExecution: 0,
    missedOccurrences: 0,
    finishedAtMs: 0,
    cancelReason: "",
    cancelledAtMs: 0,
    sizeBytes: jobSizeBytes(id, task, schedule),
    keptBytes: 0,
  };
}
