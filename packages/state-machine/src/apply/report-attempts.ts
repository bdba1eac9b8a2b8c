/**
 * ReportAttempts: how attempts ended. The first report that is committed counts (G11).
 */
import {
  AttemptOutcome,
  ExecutionStatus,
  type AttemptResult,
  type Execution,
  type ReportAttempts,
  type ReportAttempts_Item,
} from "@coxswain/protocol";
import { beginningOf } from "../disk/text.ts";
import { newestAttempt } from "../records/execution.ts";
import { isTerminal } from "../records/job.ts";
import type { Ignored, ReportItemResult } from "../results.ts";
import { ignore, type ItemsCommand } from "./context.ts";
import { findExecution, readExecution } from "./execution-item.ts";
import { endAttempt } from "./attempt-end.ts";

/** Error texts beyond this are cut; the output has its own limit in the settings. */
const ERROR_MESSAGE_CHARACTERS = 4_096;

export const reportAttempts: ItemsCommand<ReportAttempts, ReportAttempts_Item, ReportItemResult> = {
  shape: "items",
  items: (body) => body.items,
  reads: (item, reads) => {
    readExecution(item.executionId, reads);
  },
  apply: (item, context) => {
    const found = findExecution(context.state, item.executionId);
    if (found === undefined) return ignore("UNKNOWN");
    const { result } = item;
    if (result === undefined || result.outcome === AttemptOutcome.UNSPECIFIED) return ignore("NO_RESULT");
    const fence = fenced(found.execution, item);
    if (fence !== undefined) return fence;
    const { outputTailBytes } = context.state.meta.limits();
    const { startedAtMs, endedAtMs } = item;
    const neverStarted = result.outcome === AttemptOutcome.LOST && startedAtMs === 0;
    const end = { result: bounded(result, outputTailBytes), startedAtMs, endedAtMs, neverStarted };
    const after = endAttempt(context, found.job, found.execution, end);
    if (isTerminal(after.status)) return { kind: "ended", status: after.status };
    return { kind: "retrying", retryAtMs: after.retryAtMs };
  },
  result: (items) => ({ kind: "reported", items }),
};

/** Only the attempt that runs, from the incarnation that runs it. */
function fenced(execution: Execution, item: ReportAttempts_Item): Ignored | undefined {
  if (execution.status !== ExecutionStatus.RUNNING) return ignore("NOT_RUNNING");
  const attempt = newestAttempt(execution);
  const same =
    attempt?.number === item.attempt &&
    attempt.nodeId === item.nodeId &&
    attempt.nodeIncarnation === item.nodeIncarnation;
  return same ? undefined : ignore("FENCED");
}

function bounded(result: AttemptResult, outputTailBytes: number): AttemptResult {
  const { outputTail, errorMessage } = result;
  const surplus = Math.max(0, outputTail.length - outputTailBytes);
  return {
    ...result,
    // A copy, so that a small tail does not keep the whole entry in memory.
    outputTail: outputTail.slice(surplus),
    errorMessage: beginningOf(errorMessage, ERROR_MESSAGE_CHARACTERS),
  };
}
