/**
 * What the commands that name an execution have in common.
 */
import type { Execution, Job } from "@coxswain/protocol";
import { parseExecutionId } from "../keys.ts";
import type { State } from "../state.ts";
import type { Reads } from "./context.ts";

/** Declares the execution and its job. */
export function readExecution(executionId: string, reads: Reads): void {
  const ref = parseExecutionId(executionId);
  if (ref === undefined) return;
  reads.execution(executionId);
  reads.job(ref.jobId);
}

/** The execution and its job, or undefined when either is gone. */
export function findExecution(
  state: State,
  executionId: string,
): { execution: Execution; job: Job } | undefined {
  if (parseExecutionId(executionId) === undefined) return undefined;
  const execution = state.executions.get(executionId);
  if (execution === undefined) return undefined;
  const job = state.jobs.get(execution.jobId);
  if (job === undefined || job.incarnation !== execution.jobIncarnation) return undefined;
  return { execution, job };
}
