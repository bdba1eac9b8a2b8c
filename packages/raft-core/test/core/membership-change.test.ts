import { describe, expect, test } from "@jest/globals";
import { encodeConfiguration } from "../../src/core/configuration.ts";
import type { Configuration, Entry } from "../../src/types.ts";
import {
  accept,
  campaignAtOnce,
  clusterOf,
  isNotAppendResponseTo,
  joint,
  THREE,
} from "./harness/membership.ts";
import { only, Solo } from "./harness/solo.ts";
import { bytesOf, stateWithLog, votersOf } from "./harness/states.ts";

function configEntry(index: number, term: number, configuration: Configuration): Entry {
  return { index, term, type: "config", data: encodeConfiguration(configuration) };
}

describe("a single step", () => {
  test("is in force on the leader at once, and everywhere once it is replicated, dissertation 4.1", () => {
    const cluster = clusterOf(3);
    cluster.filter = () => false;
    accept(cluster, { type: "addVoter", node: 4 });
    expect(cluster.node(1).raft.configuration.voters).toEqual([1, 2, 3, 4]);
    expect(cluster.node(1).raft.status().isChangingMembership).toBe(true);
    cluster.filter = () => true;
    cluster.tick(6);
    for (const id of [1, 2, 3, 4]) expect(cluster.node(id).raft.configuration.voters).toEqual([1, 2, 3, 4]);
    expect(cluster.node(1).raft.status().isChangingMembership).toBe(false);
    expect(cluster.node(4).applied).toHaveLength(2);
  });

  test("needs the new majority: with four voters two do not commit", () => {
    const cluster = clusterOf(3);
    cluster.isolate(3);
    cluster.isolate(4);
    accept(cluster, { type: "addVoter", node: 4 });
    cluster.tick(3);
    expect(cluster.node(1).raft.status()).toMatchObject({ commitIndex: 1, isChangingMembership: true });
    cluster.connect(1, 4, true);
    cluster.tick(3);
    expect(cluster.node(1).raft.status()).toMatchObject({ commitIndex: 2, isChangingMembership: false });
  });

  test("is rolled back with the entry that brought it", () => {
    const solo = new Solo(stateWithLog(THREE, [1]));
    solo.append(2, 2, [1, 1], [configEntry(2, 2, votersOf(1, 2, 3, 4))]);
    solo.sync();
    expect(solo.raft.configuration.voters).toEqual([1, 2, 3, 4]);
    solo.append(3, 3, [1, 1], [{ index: 2, term: 3, type: "noop", data: new Uint8Array() }]);
    const { events } = solo.take();
    expect(solo.raft.configuration).toEqual(THREE);
    expect(events).toContainEqual({ type: "configurationChanged", configuration: THREE, index: 0 });
  });

  test("removes a node, which learns of it and keeps quiet", () => {
    const cluster = clusterOf(3);
    accept(cluster, { type: "removeNode", node: 3 });
    cluster.settle();
    expect(
      cluster
        .node(1)
        .raft.status()
        .peers.map(({ id }) => id),
    ).toEqual([2]);
    expect(cluster.node(3).raft.status()).toMatchObject({ commitIndex: 2, configuration: votersOf(1, 2) });
    cluster.tick(100);
    expect(cluster.node(3).raft.role).toBe("follower");
    expect(cluster.up.map((node) => node.raft.term)).toEqual([1, 1, 1, 0, 0]);
  });

  test("that removes a node which is down needs only those that stay", () => {
    const cluster = clusterOf(3);
    cluster.crash(3);
    cluster.tick(12);
    accept(cluster, { type: "removeNode", node: 3 });
    cluster.settle();
    expect(cluster.node(1).raft.status().isChangingMembership).toBe(false);
    cluster.restart(3);
    cluster.tick(100);
    expect(cluster.up.map((node) => node.raft.term).slice(0, 2)).toEqual([1, 1]);
  });

  test("frees what waited only for the removed node", () => {
    const cluster = clusterOf(2);
    cluster.tick(1);
    cluster.crash(2);
    cluster.propose(1, "a");
    cluster.act(1, (node) => node.raft.readIndex(7));
    cluster.settle();
    expect(cluster.node(1).raft.commitIndex).toBe(1);
    accept(cluster, { type: "removeNode", node: 2 });
    cluster.settle();
    expect(cluster.node(1).raft.commitIndex).toBe(3);
    expect(cluster.node(1).readStates).toEqual([{ context: 7, index: 1 }]);
  });
});

describe("a joint change, dissertation 4.3", () => {
  test("enters, commits by both majorities, and leaves by itself", () => {
    const cluster = clusterOf(3);
    for (const node of [4, 5]) {
      accept(cluster, { type: "addLearner", node });
      cluster.tick(4);
    }
    accept(
      cluster,
      joint(
        { type: "promoteLearner", node: 4 },
        { type: "promoteLearner", node: 5 },
        { type: "removeNode", node: 3 },
      ),
    );
    expect(cluster.node(1).raft.configuration).toEqual({
      voters: [1, 2, 4, 5],
      votersOutgoing: [1, 2, 3],
      learners: [],
    });
    cluster.settle();
    expect(cluster.node(1).raft.configuration).toEqual(votersOf(1, 2, 4, 5));
    expect(cluster.node(1).raft.status().isChangingMembership).toBe(false);
    expect(cluster.node(3).raft.configuration).toEqual(votersOf(1, 2, 4, 5));
  });

  test("scenario 14, etcd confchange: the successor of a leader that crashed in it commits its noop, then leaves it", () => {
    const cluster = clusterOf(3);
    cluster.tick(2);
    cluster.filter = isNotAppendResponseTo(1);
    accept(cluster, joint({ type: "addVoter", node: 4 }, { type: "removeNode", node: 3 }));
    cluster.tick(2);
    cluster.crash(1);
    cluster.filter = isNotAppendResponseTo(2);
    campaignAtOnce(cluster, 2);
    const n2 = cluster.node(2).raft;
    expect(n2).toMatchObject({ role: "leader", term: 2, commitIndex: 1 });
    expect(n2.configuration).toEqual({ voters: [1, 2, 4], votersOutgoing: [1, 2, 3], learners: [] });
    cluster.filter = () => true;
    cluster.tick(4);
    expect(n2.entries(1, 9).map(({ type, term }) => `${type}@${term}`)).toEqual([
      "noop@1",
      "config@1",
      "noop@2",
      "config@2",
    ]);
    expect(n2).toMatchObject({ commitIndex: 4, configuration: votersOf(1, 2, 4) });
  });

  test("is not left before it is committed", () => {
    const cluster = clusterOf(3);
    cluster.tick(2);
    cluster.isolate(4);
    cluster.isolate(2);
    accept(cluster, joint({ type: "addVoter", node: 4 }, { type: "removeNode", node: 3 }));
    cluster.tick(5);
    // Two of the old half hold it, but only one of the new.
    expect(cluster.node(1).raft.commitIndex).toBe(1);
    expect(cluster.node(1).raft.configuration.votersOutgoing).toEqual([1, 2, 3]);
  });
});

describe("a leader that removes itself, dissertation 4.2.2", () => {
  test("scenario 13, etcd TestCommitAfterRemoveNode: it does not count itself, so one of the two others commits nothing", () => {
    const solo = new Solo();
    solo.lead();
    solo.sync();
    solo.acknowledge(2, 1);
    solo.acknowledge(3, 1);
    solo.raft.propose([bytesOf("a")]);
    solo.sync();
    expect(solo.raft.proposeConfChange({ type: "removeNode", node: 1 })).toMatchObject({ accepted: true });
    solo.sync();
    solo.acknowledge(2, 3);
    solo.sync();
    expect(solo.raft.status()).toMatchObject({ role: "leader", commitIndex: 1 });
    solo.acknowledge(3, 2);
    solo.sync();
    expect(solo.raft.status()).toMatchObject({ role: "leader", commitIndex: 2 });
    solo.acknowledge(3, 3);
    const ready = solo.take();
    expect(solo.raft.status()).toMatchObject({ role: "follower", commitIndex: 3 });
    expect(ready.dropped).toEqual([]);
  });

  test("tells the commit, steps down, and has the best of the others take over without a timeout", () => {
    const cluster = clusterOf(3);
    accept(cluster, { type: "removeNode", node: 1 });
    expect(cluster.propose(1, "late")).toBe(false);
    cluster.settle();
    expect(cluster.leader?.raft.term).toBe(2);
    expect([2, 3]).toContain(cluster.leader?.id);
    expect(cluster.node(1).raft.status()).toMatchObject({ role: "follower", commitIndex: 2 });
    cluster.tick(60);
    expect(cluster.node(1).raft).toMatchObject({ role: "follower", term: 1 });
    expect(cluster.leader?.raft.term).toBe(2);
  });

  test("is refused new proposals, for their outcome would be unknown", () => {
    const cluster = clusterOf(3);
    cluster.filter = () => false;
    accept(cluster, { type: "removeNode", node: 1 });
    expect(cluster.node(1).raft.propose([bytesOf("a")])).toEqual({
      accepted: false,
      reason: "retiring",
      leader: 1,
    });
  });

  test("may win once more, without a vote of its own, when nobody else can", () => {
    // n1 told nobody of its removal and crashed. Under {1, 2}, n2 needs n1's vote, but n1's log is longer.
    const cluster = clusterOf(2);
    cluster.tick(1);
    cluster.filter = ({ from }) => from !== 1;
    accept(cluster, { type: "removeNode", node: 1 });
    cluster.settle();
    cluster.crash(1);
    cluster.filter = () => true;
    cluster.restart(1);
    expect(cluster.node(1).raft.configuration).toEqual(votersOf(2));
    cluster.tick(60);
    expect(cluster.node(1).events).toContainEqual(expect.objectContaining({ type: "leaderElected" }));
    expect(cluster.node(1).raft.role).toBe("follower");
    expect(cluster.leader?.id).toBe(2);
    expect(cluster.node(2).raft.configuration).toEqual(votersOf(2));
  });
});

test("a removed leader's last words carry its commit index and TimeoutNow to the best voter", () => {
  const solo = new Solo();
  solo.lead();
  solo.sync();
  solo.acknowledge(2, 1);
  solo.acknowledge(3, 1);
  solo.raft.proposeConfChange({ type: "removeNode", node: 1 });
  solo.sync();
  solo.acknowledge(2, 2);
  solo.acknowledge(3, 2);
  const { messages } = solo.take();
  expect(only(messages, "appendRequest").map(({ leaderCommit }) => leaderCommit)).toEqual([2, 2]);
  expect(only(messages, "timeoutNow").map(({ to }) => to)).toEqual([2]);
});
