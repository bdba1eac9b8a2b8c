/**
 * Whether a placement still holds (G9). The leader judges what is best and what is fair;
 * apply only checks that it can be.
 */
import type { Placement } from "@coxswain/protocol";
import type { State } from "../state.ts";

/** The node is known, is the incarnation meant, lives, takes work, offers the executor and has room. */
export function placementHolds(
  state: State,
  placement: Placement | undefined,
  executor: string,
): placement is Placement {
  if (placement === undefined) return false;
  const node = state.nodes.get(placement.nodeId);
  if (node === undefined || node.incarnation !== placement.nodeIncarnation) return false;
  if (node.lost || node.draining || !node.executors.includes(executor)) return false;
  return state.running.count(node.id) < node.capacity;
}
