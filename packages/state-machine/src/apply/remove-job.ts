/**
 * Removing a job: its record and a bounded number of its executions now, the rest by Purge.
 * A removed job is remembered, so that a late retry of its submit does not bring it back (G10).
 */
import type { Job, Leftover } from "@coxswain/protocol";
import { be64, executionId } from "../keys.ts";
import { removedJobName } from "../records/kinds.ts";
import type { ApplyContext, Reads } from "./context.ts";
import { remember } from "./requests.ts";

/** Executions removed in one step with their job. */
const EXECUTIONS_PER_STEP = 128;

/** Declares what {@link removeJob} reads. */
export function readRemoval(jobId: string, reads: Reads): void {
  reads.job(jobId);
  reads.request(removedJobName(jobId));
}

/** Gives how many executions went and how many are left behind. */
export function removeJob(context: ApplyContext, job: Job): { removed: number; left: number } {
  const { state, timeMs } = context;
  state.removeJob(job.id);
  remember(state, removedJobName(job.id), { timeMs, fingerprint: 0, result: "" });
  if (job.oldestExecution === 0) return { removed: 0, left: 0 };
  const all: Leftover = {
    jobId: job.id,
    jobIncarnation: job.incarnation,
    nextNumber: job.oldestExecution,
    lastNumber: job.executions,
  };
  const { removed, rest } = removeSome(context, all, EXECUTIONS_PER_STEP);
  if (rest === undefined) return { removed, left: 0 };
  const id = `${be64(context.index)}/${job.id}`;
  state.leftovers.keepRead(id, undefined);
  state.leftovers.put(id, rest);
  const left = countOf(rest);
  state.meta.counters.unpurgedExecutions += left;
  return { removed, left };
}

/** Removes up to `limit` executions of what is left behind. */
export function removeSome(
  context: ApplyContext,
  leftover: Leftover,
  limit: number,
): { removed: number; rest: Leftover | undefined } {
  const removed = Math.min(limit, countOf(leftover));
  for (let i = 0; i < removed; i++) {
    context.state.eraseExecution(
      executionId(leftover.jobId, leftover.jobIncarnation, leftover.nextNumber + i),
    );
  }
  const nextNumber = leftover.nextNumber + removed;
  return { removed, rest: nextNumber > leftover.lastNumber ? undefined : { ...leftover, nextNumber } };
}

function countOf(leftover: Leftover): number {
  return leftover.lastNumber - leftover.nextNumber + 1;
}
