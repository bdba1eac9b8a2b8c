import { describe, expect, test } from "@jest/globals";
import { SimCluster } from "./harness/sim-cluster.ts";
import { bytesOf } from "./harness/states.ts";

describe("leadership transfer", () => {
  test("the transferee leads at once, without waiting for a timeout", () => {
    const cluster = new SimCluster({ ids: [1, 2, 3] });
    const n1 = cluster.elect(1);
    cluster.act(1, (node) => expect(node.raft.transferLeadership(2)).toEqual({ accepted: true }));
    cluster.settle();
    expect(cluster.leader?.id).toBe(2);
    expect(n1.events).toContainEqual({ type: "transferEnded", to: 2, term: 1, outcome: "steppedDown" });
  });

  test("scenario 20, dissertation 3.10: a laggard is caught up before it is told to campaign", () => {
    const cluster = new SimCluster({ ids: [1, 2, 3] });
    cluster.elect(1);
    cluster.isolate(3);
    cluster.propose(1, "a", "b");
    cluster.settle();
    cluster.heal();
    let lastIndexWhenTold = -1;
    cluster.filter = (packet) => {
      if (packet.type === "message" && packet.message.type === "timeoutNow") {
        lastIndexWhenTold = cluster.node(3).disk.entries.length;
      }
      return true;
    };
    cluster.act(1, (node) => node.raft.transferLeadership(3));
    expect(lastIndexWhenTold).toBe(-1);
    cluster.tick(4);
    expect(lastIndexWhenTold).toBe(3);
    expect(cluster.leader?.id).toBe(3);
  });

  test("scenario 20: it times out after one election timeout, and writes resume", () => {
    const cluster = new SimCluster({ ids: [1, 2, 3] });
    const n1 = cluster.elect(1);
    cluster.isolate(3);
    cluster.propose(1, "a");
    cluster.settle();
    cluster.act(1, (node) => node.raft.transferLeadership(3));
    cluster.act(1, (node) => {
      expect(node.raft.propose([bytesOf("b")])).toEqual({
        accepted: false,
        reason: "transferring",
        leader: 1,
      });
    });
    cluster.tick(9);
    expect(cluster.propose(1, "b")).toBe(false);
    cluster.tick(1);
    expect(cluster.propose(1, "b")).toBe(true);
    cluster.settle();
    expect(n1.applied).toHaveLength(3);
    expect(n1.events).toContainEqual({ type: "transferEnded", to: 3, term: 1, outcome: "timedOut" });
  });

  test("proposals taken before a transfer are committed before it, so that none ends in doubt", () => {
    const cluster = new SimCluster({ ids: [1, 2, 3] });
    const n1 = cluster.elect(1);
    cluster.autoSync = false;
    cluster.isolate(3);
    cluster.propose(1, "a", "b");
    cluster.act(1, (node) => node.raft.transferLeadership(2));
    cluster.settle();
    cluster.sync(2);
    cluster.settle();
    expect(n1.raft.status().peers[0]?.matchIndex).toBe(3);
    expect([n1.raft.role, cluster.node(2).raft.role]).toEqual(["leader", "follower"]);
    cluster.autoSync = true;
    cluster.settle();
    expect(cluster.leader?.id).toBe(2);
    expect(n1.dropped).toEqual([]);
  });

  test("a transfer to another node replaces the first", () => {
    const cluster = new SimCluster({ ids: [1, 2, 3] });
    const n1 = cluster.elect(1);
    cluster.isolate(3);
    cluster.propose(1, "a");
    cluster.settle();
    cluster.act(1, (node) => node.raft.transferLeadership(3));
    cluster.act(1, (node) => node.raft.transferLeadership(2));
    cluster.settle();
    expect(n1.events).toContainEqual({ type: "transferEnded", to: 3, term: 1, outcome: "replaced" });
    expect(cluster.leader?.id).toBe(2);
  });

  test("only a leader transfers, and only to another voter", () => {
    const cluster = new SimCluster({
      ids: [1, 2, 3],
      configuration: { voters: [1, 2], votersOutgoing: [], learners: [3] },
    });
    cluster.elect(1);
    const answer = (from: number, to: number): unknown => cluster.node(from).raft.transferLeadership(to);
    expect(answer(2, 2)).toEqual({ accepted: false, reason: "notLeader", leader: 1 });
    expect(answer(1, 1)).toMatchObject({ reason: "alreadyLeader" });
    expect(answer(1, 3)).toMatchObject({ reason: "notVoter" });
    expect(answer(1, 9)).toMatchObject({ reason: "notVoter" });
  });
});
