import { describe, expect, test } from "@jest/globals";
import { LossBudget } from "../src/faults/budget.ts";
import { Simulation, simulate, SimulationError } from "../src/index.ts";

/** Three founders that have just begun. */
function threeNodes(): Simulation["cluster"] {
  for (let seed = 1; seed < 100; seed += 1) {
    const { cluster } = new Simulation({ seed });
    if (cluster.profile.nodes !== 3) continue;
    cluster.found();
    return cluster;
  }
  throw new Error("no seed has three nodes");
}

describe("what may be lost", () => {
  test("is a minority, whether the log, the state or the whole disk", () => {
    const cluster = threeNodes();
    const budget = new LossBudget(cluster);
    expect([1, 2, 3].map((id) => budget.mayLose(id))).toEqual([true, true, true]);
    const node = cluster.node(2);
    if (node !== undefined) cluster.wipe(node);
    expect([1, 2, 3].map((id) => budget.mayLose(id))).toEqual([false, false, false]);
  });

  test("counts learners as the voters that they may become", () => {
    const cluster = threeNodes();
    const node = cluster.node(3);
    if (node !== undefined) cluster.wipe(node);
    const budget = new LossBudget(cluster);
    expect(budget.bears({ voters: [1, 2, 3], votersOutgoing: [], learners: [] })).toBe(true);
    expect(budget.bears({ voters: [1], votersOutgoing: [], learners: [3] })).toBe(false);
    expect(budget.bears({ voters: [1, 2, 3], votersOutgoing: [2, 3], learners: [] })).toBe(false);
  });
});

describe("a wiped disk", () => {
  test("is refused under the old id: the node is lost, and does not start again", () => {
    const cluster = threeNodes();
    const node = cluster.node(1);
    if (node === undefined) throw new Error("no node 1");
    cluster.crash(1);
    cluster.wipe(node);
    cluster.start(1);
    expect([node.isLost, node.isUp]).toEqual([true, false]);
  });

  test("that is let in all the same breaks a promise within a few seeds", () => {
    const broken: string[] = [];
    for (let seed = 1; seed <= 60; seed += 1) {
      try {
        simulate({ seed, admitsWiped: true });
      } catch (error) {
        if (!(error instanceof SimulationError)) throw error;
        broken.push(error.violation.invariant);
      }
    }
    expect(broken.length).toBeGreaterThan(3);
    expect(broken).toContain("termsRise");
  });
});
