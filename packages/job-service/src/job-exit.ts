/** The end of an execution, as those who follow it are told. */
import { ExecutionStatus } from "@coxswain/protocol";
import type { Execution, Job, JobExit } from "@coxswain/protocol";
import { newestAttempt } from "./newest-attempt.ts";

const OVER: ReadonlySet<ExecutionStatus> = new Set([
  ExecutionStatus.COMPLETED,
  ExecutionStatus.FAILED,
  ExecutionStatus.TIMED_OUT,
  ExecutionStatus.CANCELLED,
]);

/** Whether nothing follows this status. */
export function isOver(status: ExecutionStatus): boolean {
  return OVER.has(status);
}

/** Of an execution that is over. */
export function exitOfExecution(execution: Execution): JobExit {
  const attempt = newestAttempt(execution);
  const result = attempt?.result;
  return {
    status: execution.status,
    exitCode: result?.exitCode,
    signal: result?.signal ?? "",
    errorType: result?.errorType ?? "",
    error: result?.errorMessage ?? "",
    outputBytes: result?.outputBytes ?? 0,
    endedAtMs: execution.finishedAtMs,
    nodeId: result === undefined ? 0 : (attempt?.nodeId ?? 0),
  };
}

/** Of a job that is over and never ran. */
export function exitOfJob(job: Job): JobExit {
  return {
    status: job.status,
    exitCode: undefined,
    signal: "",
    errorType: "",
    error: "",
    outputBytes: 0,
    endedAtMs: job.finishedAtMs,
    nodeId: 0,
  };
}
