/**
 * RetryDue: executions whose wait is over queue again, or run at once where there is room.
 */
import type { RetryDue, RetryDue_Item } from "@coxswain/protocol";
import { isWaitingForRetry } from "../records/execution.ts";
import type { RetryItemResult } from "../results.ts";
import { ignore, type ItemsCommand } from "./context.ts";
import { findExecution, readExecution } from "./execution-item.ts";
import { assigned, queued, settle } from "./lifecycle.ts";

export const retryDue: ItemsCommand<RetryDue, RetryDue_Item, RetryItemResult> = {
  shape: "items",
  items: (body) => body.items,
  reads: (item, reads) => {
    readExecution(item.executionId, reads);
  },
  apply: (item, context) => {
    const found = findExecution(context.state, item.executionId);
    if (found === undefined) return ignore("UNKNOWN");
    if (!isWaitingForRetry(found.execution)) return ignore("NOT_PENDING");
    if (found.execution.retryAtMs !== item.retryAtMs) return ignore("STALE");
    const waiting = queued(context, found.execution, 0);
    const running = assigned(context, found.job, waiting, item.placement);
    settle(context, found.job, running ?? waiting);
    return { kind: "queued", assignedTo: running === undefined ? 0 : (item.placement?.nodeId ?? 0) };
  },
  result: (items) => ({ kind: "retried", items }),
};
