/**
 * DeleteJob: removes a job of which nothing runs or waits, with its history.
 */
import type { DeleteJob } from "@coxswain/protocol";
import { refuse, type WholeCommand } from "./context.ts";
import { foreignJob } from "./foreign-job.ts";
import { readRemoval, removeJob } from "./remove-job.ts";
import { forgetOld, readOld } from "./requests.ts";

export const deleteJob: WholeCommand<DeleteJob> = {
  shape: "whole",
  reads: (body, reads) => {
    readRemoval(body.jobId, reads);
  },
  readsMore: (_body, state, reads) => {
    readOld(state, reads);
  },
  apply: ({ jobId, owner }, context) => {
    const job = context.state.jobs.get(jobId);
    if (job === undefined)
      return refuse("JOB_NOT_FOUND", `There is no job ${jobId}. Check the id, or list your jobs.`);
    const foreign = foreignJob(job, owner);
    if (foreign !== undefined) return foreign;
    if (job.activeNumbers.length > 0) {
      return refuse(
        "JOB_ACTIVE",
        `The job ${jobId} has ${job.activeNumbers.length} active executions. Cancel it, wait for them to end, then delete it.`,
      );
    }
    const { left } = removeJob(context, job);
    forgetOld(context.state, context.timeMs);
    return { kind: "deleted", jobId, leftExecutions: left };
  },
};
