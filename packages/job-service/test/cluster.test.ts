import { describe, expect, test } from "@jest/globals";
import { DrainNodeRequest, GetRaftLogEntriesRequest } from "@coxswain/protocol";
import type { Node } from "@coxswain/protocol";
import { MemoryCluster } from "./memory-cluster.ts";
import { alice, otherNode, rejection, root } from "./requests.ts";

const node = (id: number, more: Partial<Node> = {}): Node => ({
  id,
  uuid: "",
  incarnation: 4,
  address: `node-${String(id)}.test:50051`,
  executors: ["process"],
  capacity: 8,
  draining: false,
  lost: false,
  registeredAtMs: 0,
  featureLevel: 1,
  labels: {},
  missingExecutors: { docker: "no socket" },
  executorLimitations: {},
  maxLeaseMs: 0,
  ...more,
});

function withNodes(): MemoryCluster {
  const cluster = new MemoryCluster();
  cluster.store.members.set(1, node(1));
  cluster.store.members.set(3, node(3, { lost: true }));
  return cluster;
}

describe("the cluster's status", () => {
  test("is the leader's view: leases, and how far each log has come", async () => {
    const status = await withNodes().service(2).getClusterStatus(alice, { stale: false });
    expect(status).toMatchObject({
      nodeId: 1,
      role: "leader",
      leaderId: 1,
      currentTerm: 1,
      clusterId: "cluster",
      commitIndex: 7,
      lastLogIndex: 8,
      firstLogIndex: 3,
      pendingExecutions: 2,
      finishedJobs: 3,
    });
    expect(status.nodes).toMatchObject([
      {
        nodeId: 1,
        address: "node-1.test:50051",
        isAlive: true,
        isLeader: true,
        isVoter: true,
        matchIndex: 8,
        capacity: 8,
        incarnation: 4,
        missingExecutors: { docker: "no socket" },
        executorLimitations: {},
      },
      { nodeId: 2, address: "127.0.0.1:5002", isAlive: true, isLeader: false, matchIndex: 8, capacity: 0 },
      { nodeId: 3, isAlive: false, matchIndex: 5 },
    ]);
  });

  test("with `stale` is what the node asked knows itself", async () => {
    const cluster = withNodes();
    cluster.leader = 0;
    const status = await cluster.service(2).getClusterStatus(alice, { stale: true });
    expect(status).toMatchObject({ nodeId: 2, role: "follower", leaderId: 0 });
    expect(status.nodes.map(({ isAlive, matchIndex }) => [isAlive, matchIndex])).toEqual([
      [true, 0],
      [false, 8],
      [false, 0],
    ]);
  });

  test("without a leader and without `stale` says what to do", async () => {
    const cluster = withNodes();
    cluster.leader = 0;
    const error = rejection(cluster.service(2).getClusterStatus(alice, { stale: false }));
    await cluster.clock.advance(5_000);
    expect((await error).message).toMatch(/stale/);
  });
});

describe("the log", () => {
  const log = (parts: object = {}) => GetRaftLogEntriesRequest.fromPartial(parts);

  test("is shown by the node asked, from the first entry it still has", async () => {
    const cluster = withNodes();
    const shown = await cluster.service(2).getRaftLogEntries(root, log());
    expect(shown).toMatchObject({ commitIndex: 7, lastLogIndex: 8, firstAvailableIndex: 3 });
    expect(shown.entries.map(({ index, isCommitted }) => [index, isCommitted])).toEqual([
      [3, true],
      [4, true],
      [5, true],
      [6, true],
      [7, true],
      [8, false],
    ]);
    expect(
      (await cluster.service(2).getRaftLogEntries(root, log({ startIndex: 5, limit: 2 }))).entries.map(
        ({ index }) => index,
      ),
    ).toEqual([5, 6]);
  });

  test("is for admins, by pages of at most 1000", async () => {
    const service = withNodes().service(1);
    expect(await rejection(service.getRaftLogEntries(alice, log()))).toMatchObject({
      code: "CALL_NOT_ALLOWED",
      category: "denied",
    });
    expect(await rejection(service.getRaftLogEntries(otherNode, log()))).toMatchObject({
      category: "denied",
    });
    expect(await rejection(service.getRaftLogEntries(root, log({ limit: 1_001 })))).toMatchObject({
      code: "INVALID_REQUEST",
    });
  });
});

describe("leadership", () => {
  test("moves to the node named, from any node, and asking twice is asking once", async () => {
    const cluster = withNodes();
    expect(await cluster.service(3).transferLeadership(root, { targetNodeId: 2 })).toMatchObject({
      success: true,
      newLeaderId: 2,
    });
    expect(await cluster.service(3).transferLeadership(root, { targetNodeId: 2 })).toMatchObject({
      success: true,
      newLeaderId: 2,
    });
    expect(cluster.term).toBe(2);
  });

  test("moves to the best when none is named", async () => {
    expect(await withNodes().service(2).transferLeadership(root, { targetNodeId: 0 })).toMatchObject({
      newLeaderId: 2,
    });
  });

  test("goes to voters only, at the word of an admin only", async () => {
    const cluster = withNodes();
    expect(await rejection(cluster.service(1).transferLeadership(root, { targetNodeId: 9 }))).toMatchObject({
      code: "INVALID_REQUEST",
    });
    expect(await rejection(cluster.service(1).transferLeadership(alice, { targetNodeId: 2 }))).toMatchObject({
      code: "CALL_NOT_ALLOWED",
    });
  });
});

describe("draining", () => {
  const drain = (parts: object = {}) => DrainNodeRequest.fromPartial(parts);

  test("without a number means the node that was asked, not the one that leads", async () => {
    const cluster = withNodes();
    await cluster.service(3).drainNode(root, drain());
    expect(cluster.store.members.get(3)?.draining).toBe(true);
    expect(cluster.store.members.get(1)?.draining).toBe(false);
  });

  test("can be taken back", async () => {
    const cluster = withNodes();
    await cluster.service(1).drainNode(root, drain({ nodeId: 3 }));
    expect(await cluster.service(2).drainNode(root, drain({ nodeId: 3, undo: true }))).toMatchObject({
      success: true,
    });
    expect(cluster.store.members.get(3)?.draining).toBe(false);
  });

  test("is for admins, and of nodes that exist", async () => {
    const service = withNodes().service(1);
    expect(await rejection(service.drainNode(alice, drain({ nodeId: 3 })))).toMatchObject({
      category: "denied",
    });
    expect(await rejection(service.drainNode(root, drain({ nodeId: 9 })))).toMatchObject({
      code: "NODE_NOT_FOUND",
      category: "not-found",
    });
  });
});
