/**
 * SetNodeDraining: a draining node gets no new attempts, through restarts, until it is undone.
 */
import type { SetNodeDraining } from "@coxswain/protocol";
import { refuse, type WholeCommand } from "./context.ts";

export const setNodeDraining: WholeCommand<SetNodeDraining> = {
  shape: "whole",
  apply: ({ nodeId, draining }, { state }) => {
    const node = state.nodes.get(nodeId);
    if (node === undefined)
      return refuse("NODE_NOT_FOUND", `There is no node ${nodeId}. See the cluster's status for its nodes.`);
    if (node.draining !== draining) {
      state.putNode({ ...node, draining });
      if (!draining) state.emit({ name: "capacityFreed", payload: { nodeId } });
    }
    return { kind: "drainingSet", nodeId, draining };
  },
};
