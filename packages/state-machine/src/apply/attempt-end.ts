/**
 * What follows when an attempt ends: the execution is over, or another attempt comes.
 */
import {
  AttemptOutcome,
  AttemptResult,
  ExecutionStatus,
  NodeLossPolicy,
  StopReason,
  type Execution,
  type Job,
} from "@coxswain/protocol";
import { newestAttempt } from "../records/execution.ts";
import { isEnded } from "../records/job.ts";
import type { ApplyContext } from "./context.ts";
import { ended, queued, settle } from "./lifecycle.ts";

/** How the newest attempt ended, as its node told it. */
export interface AttemptEnd {
  readonly result: AttemptResult;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  /** Its node says that it never let the payload go; a node that is lost can say nothing. */
  readonly neverStarted: boolean;
}

/** Ends the running attempt and decides what follows: over, or another attempt. Gives the execution as put. */
export function endAttempt(
  context: ApplyContext,
  job: Job,
  execution: Execution,
  end: AttemptEnd,
): Execution {
  const attempt = newestAttempt(execution);
  if (attempt === undefined) throw new Error(`${execution.id} runs without an attempt.`);
  const { result, startedAtMs, endedAtMs } = end;
  const attempts = [...execution.attempts.slice(0, -1), { ...attempt, result, startedAtMs, endedAtMs }];
  const recorded = { ...execution, attempts };
  const next = afterAttempt(context, job, recorded, end);
  settle(context, job, next);
  return next;
}

/** Ends the running attempt because its node is lost, was restarted, or gave it up. */
export function loseAttempt(context: ApplyContext, job: Job, execution: Execution): Execution {
  const result = AttemptResult.create({
    outcome: AttemptOutcome.LOST,
    errorType: "NODE_LOST",
    errorMessage: "The node was lost or restarted.",
    retryable: true,
  });
  const startedAtMs = newestAttempt(execution)?.startedAtMs ?? 0;
  return endAttempt(context, job, execution, { result, startedAtMs, endedAtMs: context.timeMs, neverStarted: false });
}

function afterAttempt(
  context: ApplyContext,
  job: Job,
  execution: Execution,
  { result, neverStarted }: AttemptEnd,
): Execution {
  const { stopRequested } = execution;
  switch (result.outcome) {
    case AttemptOutcome.SUCCEEDED:
      return ended(context, execution, ExecutionStatus.COMPLETED);
    case AttemptOutcome.FAILED:
      return failed(context, job, execution, ExecutionStatus.FAILED, result.retryable);
    case AttemptOutcome.TIMED_OUT:
      return failed(context, job, execution, ExecutionStatus.TIMED_OUT, result.retryable);
    default:
      // STOPPED or LOST: why it was asked to stop decides; if nobody asked, its node gave it up.
      if (stopRequested === StopReason.TIMEOUT)
        return failed(context, job, execution, ExecutionStatus.TIMED_OUT, true);
      if (stopRequested !== StopReason.UNSPECIFIED)
        return ended(context, execution, ExecutionStatus.CANCELLED);
      return lost(context, job, execution, neverStarted);
  }
}

/** Another attempt after the backoff, while the policy allows one. */
function failed(
  context: ApplyContext,
  job: Job,
  execution: Execution,
  status: ExecutionStatus,
  retryable: boolean,
): Execution {
  const { policy } = job;
  const tries = execution.attempts.length - execution.nodeLosses;
  const asked =
    execution.stopRequested === StopReason.CANCEL ||
    execution.stopRequested === StopReason.TERMINATED_BY_OTHER;
  if (policy === undefined || !retryable || asked || isCancelled(job) || tries >= policy.maxAttempts) {
    return ended(context, execution, status);
  }
  const waitMs = Math.min(policy.retryMaxMs, policy.retryInitialMs * 2 ** (tries - 1));
  return queued(context, execution, waitMs > 0 ? context.timeMs + Math.ceil(waitMs) : 0);
}

/** Another attempt at once, while the policy of node losses allows one. What never started may run under any policy. */
function lost(context: ApplyContext, job: Job, execution: Execution, neverStarted: boolean): Execution {
  const counted = { ...execution, nodeLosses: execution.nodeLosses + 1 };
  const { maxNodeLossesPerExecution } = context.state.meta.limits();
  const forbidden = job.policy?.onNodeLoss === NodeLossPolicy.FAIL && !neverStarted;
  return forbidden || counted.nodeLosses > maxNodeLossesPerExecution || isCancelled(job)
    ? ended(context, counted, ExecutionStatus.FAILED)
    : queued(context, counted, 0);
}

function isCancelled(job: Job): boolean {
  return isEnded(job.state);
}
