import type { NodeStatus } from "@coxswain/client";
import { safeLine } from "./text.ts";

type Offer = Pick<NodeStatus, "nodeId" | "missingExecutors" | "executorLimitations">;

/**
 * A line for each executor that nodes do not offer, with the reason, or offer with limitations; nodes that say the same
 * share one. Safe to show.
 */
export function executorNotes(nodes: readonly Offer[]): string[] {
  const nodesOf = new Map<string, number[]>();
  for (const { nodeId, missingExecutors, executorLimitations } of nodes) {
    const said = [
      ...Object.entries(missingExecutors).map(([kind, reason]) => [`${kind} is missing`, reason] as const),
      ...Object.entries(executorLimitations).map(([kind, reason]) => [`${kind} is limited`, reason] as const),
    ];
    for (const remark of said.map((parts) => JSON.stringify(parts)))
      nodesOf.set(remark, [...(nodesOf.get(remark) ?? []), nodeId]);
  }
  return [...nodesOf].map(([remark, ids]) => {
    const [what = "", reason = ""] = JSON.parse(remark) as string[];
    return safeLine(`${what} on node${ids.length === 1 ? "" : "s"} ${ids.join(", ")}: ${reason}`);
  });
}
