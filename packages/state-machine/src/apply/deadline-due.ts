/**
 * DeadlineDue: attempts that outlived their deadline are asked to stop (G11).
 */
import { ExecutionStatus, StopReason, type DeadlineDue, type DeadlineDue_Item } from "@coxswain/protocol";
import { newestAttempt } from "../records/execution.ts";
import type { DeadlineItemResult } from "../results.ts";
import { ignore, type ItemsCommand } from "./context.ts";
import { findExecution, readExecution } from "./execution-item.ts";
import { settle } from "./lifecycle.ts";

export const deadlineDue: ItemsCommand<DeadlineDue, DeadlineDue_Item, DeadlineItemResult> = {
  shape: "items",
  items: (body) => body.items,
  reads: (item, reads) => {
    readExecution(item.executionId, reads);
  },
  apply: (item, context) => {
    const found = findExecution(context.state, item.executionId);
    if (found === undefined) return ignore("UNKNOWN");
    const { execution, job } = found;
    const attempt = newestAttempt(execution);
    if (execution.status !== ExecutionStatus.RUNNING) return ignore("NOT_RUNNING");
    if (attempt?.number !== item.attempt || attempt.deadlineMs !== item.deadlineMs) return ignore("STALE");
    if (execution.stopRequested !== StopReason.UNSPECIFIED) return ignore("ALREADY");
    settle(context, job, { ...execution, stopRequested: StopReason.TIMEOUT });
    return { kind: "stopRequested" };
  },
  result: (items) => ({ kind: "deadlines", items }),
};
