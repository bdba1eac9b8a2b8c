import { describe, expect, test } from "@jest/globals";
import type { ConfChange } from "../../src/core/raft.ts";
import {
  accept,
  campaignAtOnce,
  change,
  clusterOf,
  isNotAppendResponseTo,
  joint,
  THREE,
} from "./harness/membership.ts";
import { SimCluster } from "./harness/sim-cluster.ts";
import { votersOf } from "./harness/states.ts";

describe("a change is refused", () => {
  test("by a follower, which names the leader", () => {
    const cluster = clusterOf(3);
    expect(change(cluster, { type: "addVoter", node: 4 }, 2)).toEqual({
      accepted: false,
      reason: "notLeader",
      leader: 1,
    });
  });

  test("during a transfer", () => {
    const cluster = clusterOf(3);
    cluster.filter = () => false;
    cluster.act(1, (node) => node.raft.transferLeadership(2));
    expect(change(cluster, { type: "addVoter", node: 4 })).toMatchObject({ reason: "transferring" });
  });

  test("while another is uncommitted, or joint", () => {
    const cluster = clusterOf(3);
    cluster.tick(2);
    cluster.filter = () => false;
    accept(cluster, joint({ type: "addVoter", node: 4 }, { type: "removeNode", node: 3 }));
    expect(change(cluster, { type: "addVoter", node: 5 })).toMatchObject({ reason: "changeInProgress" });
    cluster.filter = () => true;
    cluster.tick(6);
    expect(cluster.node(1).raft.configuration).toEqual(votersOf(1, 2, 4));
    accept(cluster, { type: "addVoter", node: 5 });
  });

  test("scenario 12, raft-dev 2015-07-10: by a new leader before it has committed an entry of its own term", () => {
    // S1 leads term 1 and appends "+S5" to itself and S5 only.
    const cluster = new SimCluster({ ids: [1, 2, 3, 4, 5], configuration: votersOf(1, 2, 3, 4) });
    cluster.elect(1);
    for (const id of [2, 3, 4]) cluster.connect(1, id, false);
    accept(cluster, { type: "addVoter", node: 5 });
    cluster.settle();
    expect(cluster.node(5).raft.configuration.voters).toEqual([1, 2, 3, 4, 5]);
    // S2 wins term 2 with S3 and S4, and is asked to remove S1.
    cluster.filter = isNotAppendResponseTo(2);
    campaignAtOnce(cluster, 2);
    expect(cluster.leader?.id).toBe(2);
    expect(change(cluster, { type: "removeNode", node: 1 }, 2)).toMatchObject({ reason: "termNotCommitted" });
    cluster.filter = () => true;
    cluster.tick(4);
    accept(cluster, { type: "removeNode", node: 1 }, 2);
    cluster.settle();
    expect(cluster.node(2).raft.configuration).toEqual(votersOf(2, 3, 4));
    // S1 comes back: its uncommitted "+S5" cannot win against that, and gives way.
    cluster.heal();
    cluster.tick(60);
    expect(cluster.leader?.raft.configuration).toEqual(votersOf(2, 3, 4));
  });

  test.each<[ConfChange, string]>([
    [{ type: "addVoter", node: 2 }, "alreadyMember"],
    [{ type: "addLearner", node: 3 }, "alreadyMember"],
    [{ type: "promoteLearner", node: 3 }, "alreadyMember"],
    [{ type: "removeNode", node: 5 }, "unknownNode"],
    [{ type: "promoteLearner", node: 5 }, "unknownNode"],
    [{ type: "addVoter", node: 0 }, "invalidNode"],
    [joint(), "empty"],
    [joint({ type: "addVoter", node: 4 }, { type: "removeNode", node: 4 }), "sameNodeTwice"],
  ])("that makes no sense: %j, %s", (ask, reason) => {
    const cluster = clusterOf(3);
    expect(change(cluster, ask)).toEqual({ accepted: false, reason, leader: 1 });
    expect(cluster.node(1).raft.status()).toMatchObject({ lastIndex: 1, configuration: THREE });
  });

  test("that would leave no voter", () => {
    expect(change(clusterOf(1), { type: "removeNode", node: 1 })).toMatchObject({ reason: "noVoterLeft" });
  });

  test("that gives a vote to a learner that lags or is silent", () => {
    const cluster = clusterOf(3);
    cluster.isolate(4);
    accept(cluster, { type: "addLearner", node: 4 });
    cluster.tick(5);
    expect(change(cluster, { type: "promoteLearner", node: 4 })).toMatchObject({ reason: "notCaughtUp" });
    cluster.heal();
    cluster.tick(5);
    cluster.crash(4);
    cluster.tick(11);
    expect(change(cluster, { type: "promoteLearner", node: 4 })).toMatchObject({ reason: "notCaughtUp" });
    cluster.restart(4);
    cluster.tick(5);
    accept(cluster, { type: "promoteLearner", node: 4 });
  });

  test("after which those that are alive would be no quorum", () => {
    const cluster = clusterOf(3);
    cluster.crash(3);
    cluster.tick(12);
    expect(change(cluster, { type: "removeNode", node: 2 })).toMatchObject({ reason: "quorumNotAlive" });
    expect(change(cluster, { type: "addVoter", node: 4 })).toMatchObject({ reason: "quorumNotAlive" });
    accept(cluster, { type: "removeNode", node: 3 });
  });
});
