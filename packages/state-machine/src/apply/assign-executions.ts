/**
 * AssignExecutions: waiting executions get a node, and run from then on.
 */
import type { AssignExecutions, AssignExecutions_Item } from "@coxswain/protocol";
import { isQueued } from "../records/execution.ts";
import type { AssignItemResult } from "../results.ts";
import { ignore, type ItemsCommand } from "./context.ts";
import { findExecution, readExecution } from "./execution-item.ts";
import { tryAssign } from "./lifecycle.ts";

export const assignExecutions: ItemsCommand<AssignExecutions, AssignExecutions_Item, AssignItemResult> = {
  shape: "items",
  items: (body) => body.items,
  reads: (item, reads) => {
    readExecution(item.executionId, reads);
  },
  apply: (item, context) => {
    const found = findExecution(context.state, item.executionId);
    if (found === undefined) return ignore("UNKNOWN");
    if (!isQueued(found.execution)) return ignore("NOT_PENDING");
    if (item.attempt !== found.execution.attempts.length + 1) return ignore("FENCED");
    const holds = tryAssign(context, found.job, found.execution, item.placement);
    return holds ? { kind: "assigned" } : ignore("PLACEMENT");
  },
  result: (items) => ({ kind: "assigned", items }),
};
