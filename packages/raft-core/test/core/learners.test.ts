import { describe, expect, test } from "@jest/globals";
import { accept, clusterOf, joint, THREE } from "./harness/membership.ts";
import { votersOf } from "./harness/states.ts";

describe("learners", () => {
  test("hold the log, and neither vote nor count", () => {
    const cluster = clusterOf(2);
    accept(cluster, { type: "addLearner", node: 3 });
    cluster.settle();
    cluster.crash(2);
    cluster.propose(1, "a");
    cluster.settle();
    expect(cluster.node(3).raft.status().lastIndex).toBe(3);
    expect(cluster.node(1).raft.commitIndex).toBe(2);
    cluster.tick(60);
    expect(cluster.leader).toBeUndefined();
    expect(cluster.node(3).raft.role).toBe("follower");
  });

  test("are shown with their lag and whether they caught up", () => {
    const cluster = clusterOf(1);
    cluster.isolate(2);
    accept(cluster, { type: "addLearner", node: 2 });
    cluster.propose(1, "a", "b");
    cluster.tick(3);
    const shown = { id: 2, isVoter: false, lagEntries: 4, silentTicks: undefined, isCaughtUp: false };
    expect(cluster.node(1).raft.status().peers).toMatchObject([shown]);
    cluster.heal();
    cluster.tick(5);
    expect(cluster.node(1).raft.status().peers).toMatchObject([
      { ...shown, lagEntries: 0, silentTicks: 0, isCaughtUp: true },
    ]);
  });

  test("are promoted by themselves once caught up, one after another, when told so", () => {
    const cluster = clusterOf(1, { promoteLearners: true });
    accept(cluster, joint({ type: "addLearner", node: 2 }, { type: "addLearner", node: 3 }));
    cluster.isolate(3);
    cluster.tick(20);
    expect(cluster.node(1).raft.configuration).toEqual({ voters: [1, 2], votersOutgoing: [], learners: [3] });
    cluster.heal();
    cluster.tick(20);
    expect(cluster.node(1).raft.configuration).toEqual(votersOf(1, 2, 3));
  });

  test("are promoted by the next leader too", () => {
    const cluster = clusterOf(3, { promoteLearners: true });
    cluster.isolate(4);
    accept(cluster, { type: "addLearner", node: 4 });
    cluster.tick(20);
    cluster.act(1, (node) => node.raft.transferLeadership(2));
    cluster.settle();
    cluster.heal();
    cluster.tick(20);
    expect(cluster.leader?.id).toBe(2);
    expect(cluster.leader?.raft.configuration).toEqual(votersOf(1, 2, 3, 4));
  });

  test("catch up by a snapshot whose configuration is the one at its index", () => {
    const cluster = clusterOf(3);
    cluster.propose(1, "a");
    cluster.settle();
    cluster.isolate(4);
    accept(cluster, { type: "addLearner", node: 4 });
    cluster.settle();
    cluster.act(1, (node) => node.compact(2));
    expect(cluster.node(1).disk.snapshot.configuration).toEqual(THREE);
    expect(cluster.node(1).raft.configurationAt(2)).toEqual(THREE);
    cluster.heal();
    cluster.tick(6);
    expect(cluster.node(4).disk.snapshot.configuration).toEqual({ ...THREE, learners: [4] });
    expect(cluster.node(4).applied).toHaveLength(3);
  });
});
