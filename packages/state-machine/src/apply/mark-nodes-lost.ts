/**
 * MarkNodesLost: leases ran out, so the guards have ended what ran there (G12, G13).
 */
import type { MarkNodesLost, MarkNodesLost_Item } from "@coxswain/protocol";
import type { NodeLostItemResult } from "../results.ts";
import { ignore, type ItemsCommand } from "./context.ts";
import { loseExecution, readRunning, runningIds } from "./nodes.ts";

export const markNodesLost: ItemsCommand<MarkNodesLost, MarkNodesLost_Item, NodeLostItemResult> = {
  shape: "items",
  items: (body) => body.items,
  reads: () => {},
  readsMore: (item, state, reads) => {
    readRunning(state, item.nodeId, reads);
  },
  apply: (item, context) => {
    const { state } = context;
    const node = state.nodes.get(item.nodeId);
    if (node === undefined) return ignore("UNKNOWN");
    if (node.incarnation !== item.nodeIncarnation) return ignore("STALE");
    if (node.lost) return ignore("ALREADY");
    state.putNode({ ...node, lost: true });
    const ids = runningIds(state, node.id);
    for (const id of ids) loseExecution(context, id);
    return { kind: "lost", attempts: ids.length };
  },
  result: (items) => ({ kind: "nodesLost", items }),
};
