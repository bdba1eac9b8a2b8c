import type { Configuration, NodeId } from "@coxswain/raft-core";
import { expect, test } from "@jest/globals";
import type { SimNode } from "../src/cluster/sim-node.ts";
import { canElect } from "../src/faults/electable.ts";

/** A node that is down, as far as an election asks. */
function node(id: NodeId, lastTerm: number, lastIndex: number, configuration: Configuration): SimNode {
  const isUp = false;
  return { id, isUp, raft: { configuration }, disk: { lastTerm, lastIndex } } as unknown as SimNode;
}

const THREE = { voters: [1, 2, 4], votersOutgoing: [], learners: [6] };
const PROMOTED = { voters: [1, 2, 4, 6], votersOutgoing: [], learners: [] };

test("two of three voters can elect the one whose log is newer", () => {
  const gone = node(2, 6, 210, THREE);
  expect(canElect([node(1, 5, 219, THREE), node(4, 5, 158, THREE)], gone)).toBe(true);
  expect(canElect([node(4, 5, 158, THREE)], gone)).toBe(false);
});

test("a learner whose promotion only one voter knows of, with an entry of the lost leader, keeps them from it", () => {
  const voters = [node(1, 5, 219, PROMOTED), node(4, 5, 158, THREE)];
  const gone = node(2, 6, 210, THREE);
  expect(canElect([...voters, node(6, 6, 210, THREE)], gone)).toBe(false);
  // The entry may be on its way to it.
  expect(canElect([...voters, node(6, 5, 213, THREE)], gone)).toBe(false);
  expect(canElect([...voters, node(6, 5, 213, THREE)], node(2, 5, 209, THREE))).toBe(true);
});

test("a joint configuration asks a majority of either side", () => {
  const joint = { voters: [1, 2, 3], votersOutgoing: [3, 4, 5], learners: [] };
  const gone = node(5, 1, 1, joint);
  expect(
    canElect(
      [1, 2].map((id) => node(id, 1, 1, joint)),
      gone,
    ),
  ).toBe(false);
  expect(
    canElect(
      [1, 2, 3, 4].map((id) => node(id, 1, 1, joint)),
      gone,
    ),
  ).toBe(true);
});
