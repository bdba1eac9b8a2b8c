/**
 * CancelJob: no new occurrence, nothing waits any more, and what runs is asked to stop (G11).
 */
import { ExecutionStatus, JobState, StopReason, type CancelJob, type Job } from "@coxswain/protocol";
import { executionId } from "../keys.ts";
import { isFinished, summaryOf } from "../records/job.ts";
import type { ApplyResult } from "../results.ts";
import { refuse, type ApplyContext, type WholeCommand } from "./context.ts";
import { foreignJob } from "./foreign-job.ts";
import { ended, finishedIfDone, settle } from "./lifecycle.ts";

export const cancelJob: WholeCommand<CancelJob> = {
  shape: "whole",
  reads: (body, reads) => reads.job(body.jobId),
  readsMore: (body, state, reads) => {
    const job = state.jobs.get(body.jobId);
    if (job === undefined) return;
    for (const id of activeIds(job)) reads.execution(id);
  },
  apply: (body, context) => {
    const job = context.state.jobs.get(body.jobId);
    if (job === undefined)
      return refuse("JOB_NOT_FOUND", `There is no job ${body.jobId}. Check the id, or list your jobs.`);
    const foreign = foreignJob(job, body.owner);
    if (foreign !== undefined) return foreign;
    if (isFinished(job))
      return refuse(
        "JOB_ALREADY_FINISHED",
        `The job ${body.jobId} is already finished; there is nothing to cancel.`,
      );
    return job.state === JobState.CANCELLED ? hurry(context, job, body.graceMs) : cancel(context, job, body);
  },
};

function activeIds(job: Job): string[] {
  return job.activeNumbers.map((number) => executionId(job.id, job.incarnation, number));
}

function cancel(context: ApplyContext, job: Job, { reason: cancelReason, graceMs }: CancelJob): ApplyResult {
  const { state, timeMs } = context;
  const stopped = { ...job, state: JobState.CANCELLED, nextDueMs: 0, cancelReason, cancelledAtMs: timeMs };
  state.putJob(finishedIfDone(context, stopped));
  for (const id of activeIds(job)) stop(context, job.id, id, graceMs);
  return cancelled(state.jobs.get(job.id) ?? stopped);
}

/** Cancelled before, and something still runs: all that a further cancel can change is how long that may take. */
function hurry(context: ApplyContext, job: Job, graceMs: number | undefined): ApplyResult {
  for (const id of activeIds(job)) stop(context, job.id, id, graceMs);
  return cancelled(context.state.jobs.get(job.id) ?? job);
}

/** A waiting execution ends here; a running one is asked, and ends when its node says so or is lost. */
function stop(context: ApplyContext, jobId: string, id: string, graceMs: number | undefined): void {
  const { state } = context;
  const [job, execution] = [state.jobs.get(jobId), state.executions.get(id)];
  if (job === undefined || execution === undefined) throw new Error(`${id} is active but has no record.`);
  if (execution.status === ExecutionStatus.PENDING) {
    settle(context, job, ended(context, execution, ExecutionStatus.CANCELLED));
    return;
  }
  const unasked = execution.stopRequested === StopReason.UNSPECIFIED;
  const stopRequested = unasked ? StopReason.CANCEL : execution.stopRequested;
  const stopGraceMs = shorter(execution.stopGraceMs, graceMs);
  if (unasked || stopGraceMs !== execution.stopGraceMs)
    settle(context, job, { ...execution, stopRequested, stopGraceMs });
}

/** What is not said is the node's to choose, which apply does not know: only a grace that was said makes one shorter. */
function shorter(before: number | undefined, now: number | undefined): number | undefined {
  return before === undefined || now === undefined ? (now ?? before) : Math.min(before, now);
}

function cancelled(job: Job): ApplyResult {
  return {
    kind: "cancelled",
    job: summaryOf(job),
    cancelledAtMs: job.cancelledAtMs,
    stopping: job.activeNumbers.length,
  };
}
