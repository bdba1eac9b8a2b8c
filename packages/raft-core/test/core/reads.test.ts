import { describe, expect, test } from "@jest/globals";
import { SimCluster } from "./harness/sim-cluster.ts";
import { only, Solo } from "./harness/solo.ts";
import { bytesOf, emptyState, votersOf } from "./harness/states.ts";

function answerHeartbeat(solo: Solo, from: number, readContext: number): void {
  solo.raft.step({ type: "heartbeatResponse", from, to: 1, term: solo.raft.term, readContext });
}

/** A leader of term 1 with its noop committed. */
function establishedLeader(): Solo {
  const solo = new Solo();
  solo.lead();
  solo.sync();
  solo.acknowledge(2, 1);
  solo.sync();
  return solo;
}

describe("linearizable reads", () => {
  test("scenario 18, etcd issue 7331: a read before the first commit of the term is held, then served", () => {
    const cluster = new SimCluster({ ids: [1, 2, 3] });
    cluster.filter = (packet) => packet.type !== "message" || packet.message.type !== "appendResponse";
    const n1 = cluster.elect(1);
    cluster.act(1, (node) => expect(node.raft.readIndex(7)).toEqual({ accepted: true, forwardedTo: 0 }));
    cluster.tick(6);
    expect(n1.readStates).toEqual([]);
    cluster.filter = () => true;
    cluster.tick(4);
    expect(n1.readStates).toEqual([{ context: 7, index: 1 }]);
  });

  test("scenario 19, etcd issue 20418: late answers for an older round do not confirm a newer read", () => {
    const solo = establishedLeader();
    solo.raft.readIndex(100);
    const [first] = only(solo.sync(), "heartbeatRequest");
    solo.raft.propose([bytesOf("a")]);
    solo.sync();
    solo.acknowledge(2, 2);
    solo.sync();
    solo.raft.readIndex(200);
    const [second] = only(solo.sync(), "heartbeatRequest");
    expect(second!.readContext).toBeGreaterThan(first!.readContext);

    answerHeartbeat(solo, 2, first!.readContext);
    answerHeartbeat(solo, 2, first!.readContext);
    answerHeartbeat(solo, 3, first!.readContext);
    expect(solo.take().readStates).toEqual([{ context: 100, index: 1 }]);
    answerHeartbeat(solo, 3, second!.readContext);
    expect(solo.take().readStates).toEqual([{ context: 200, index: 2 }]);
  });

  test("reads that arrive together share a round", () => {
    const solo = establishedLeader();
    for (const context of [1, 2, 3]) solo.raft.readIndex(context);
    const heartbeats = only(solo.sync(), "heartbeatRequest");
    expect(heartbeats).toHaveLength(2);
    answerHeartbeat(solo, 3, heartbeats[0]!.readContext);
    expect(solo.take().readStates.map((read) => read.context)).toEqual([1, 2, 3]);
  });

  test("a lost round is repeated by the next heartbeat", () => {
    const solo = establishedLeader();
    solo.raft.readIndex(1);
    const [lost] = only(solo.sync(), "heartbeatRequest");
    solo.raft.tick();
    solo.raft.tick();
    expect(only(solo.sync(), "heartbeatRequest")[0]?.readContext).toBe(lost!.readContext);
  });

  test("a single node confirms its reads itself", () => {
    const solo = new Solo(emptyState(votersOf(1)));
    solo.raft.campaign();
    solo.sync();
    solo.sync();
    solo.raft.readIndex(1);
    expect(solo.take().readStates).toEqual([{ context: 1, index: 1 }]);
  });

  test("a follower's read is answered by its leader", () => {
    const cluster = new SimCluster({ ids: [1, 2, 3] });
    cluster.elect(1);
    cluster.act(3, (node) => expect(node.raft.readIndex(5)).toEqual({ accepted: true, forwardedTo: 1 }));
    cluster.settle();
    expect(cluster.node(3).readStates).toEqual([{ context: 5, index: 1 }]);
  });

  test("a deposed leader confirms nothing, and drops what waits", () => {
    const cluster = new SimCluster({ ids: [1, 2, 3] });
    const n1 = cluster.elect(1);
    cluster.isolate(1);
    cluster.act(1, (node) => node.raft.readIndex(1));
    cluster.tick(60);
    cluster.heal();
    cluster.tick(10);
    expect(n1.readStates).toEqual([]);
    expect(n1.droppedReads).toEqual([1]);
  });

  test("a follower gives up a read whose answer does not come", () => {
    const cluster = new SimCluster({ ids: [1, 2, 3] });
    cluster.elect(1);
    cluster.filter = (packet) => packet.type !== "message" || packet.message.type !== "readIndexResponse";
    cluster.act(3, (node) => node.raft.readIndex(5));
    cluster.tick(12);
    expect(cluster.node(3).droppedReads).toEqual([5]);
  });

  test("after a restart, a late answer to a read of the former run confirms nothing", () => {
    const cluster = new SimCluster({ ids: [1, 2, 3] });
    cluster.elect(1);
    cluster.autoSync = false;
    cluster.act(3, (node) => node.raft.readIndex(1));
    const late = cluster.messages("readIndexRequest");
    cluster.packets = [];
    cluster.autoSync = true;
    cluster.crash(3);
    cluster.restart(3);
    cluster.tick(2);
    cluster.filter = (packet) => packet.type !== "message" || packet.message.type !== "readIndexRequest";
    cluster.act(3, (node) => node.raft.readIndex(1));
    for (const message of late) cluster.packets.push({ type: "message", from: 3, to: 1, message });
    cluster.settle();
    expect(cluster.node(3).readStates).toEqual([]);
  });

  test("reads without a leader, and beyond the limit, are refused", () => {
    const solo = new Solo(undefined, { maxPendingReads: 1 });
    expect(solo.raft.readIndex(1)).toEqual({ accepted: false, reason: "noLeader", leader: 0 });
    solo.lead();
    expect(solo.raft.readIndex(1)).toMatchObject({ accepted: true });
    expect(solo.raft.readIndex(2)).toEqual({ accepted: false, reason: "tooManyReads", leader: 1 });
  });
});
