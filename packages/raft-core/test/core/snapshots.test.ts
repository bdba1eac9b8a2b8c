import { describe, expect, test } from "@jest/globals";
import type { SnapshotRequest } from "../../src/types.ts";
import { SimCluster } from "./harness/sim-cluster.ts";
import { only, Solo } from "./harness/solo.ts";
import { normalEntry, snapshotAt, stateWithLog, votersOf } from "./harness/states.ts";

const THREE = votersOf(1, 2, 3);

function offer(index: number, snapshotTerm: number, term: number): SnapshotRequest {
  return { type: "snapshotRequest", from: 2, to: 1, term, snapshot: snapshotAt(index, snapshotTerm, THREE) };
}

function divergent(): Solo {
  return new Solo(stateWithLog(THREE, [...Array<number>(10).fill(1), ...Array<number>(15).fill(2)]));
}

describe("snapshots", () => {
  test("scenario 16: a snapshot at (20, term 3) discards a tail of term 2 to 25, and the next append is taken", () => {
    const solo = divergent();
    const { snapshot } = offer(20, 3, 3);
    expect(solo.raft.receiveSnapshot(offer(20, 3, 3))).toEqual({ install: true, keepsLog: false });
    solo.sync();
    solo.raft.snapshotInstalled(snapshot);
    expect(solo.raft.status()).toMatchObject({
      firstIndex: 21,
      lastIndex: 20,
      commitIndex: 20,
      appliedIndex: 20,
      stableIndex: 20,
    });
    expect(only(solo.sync(), "appendResponse")).toMatchObject([{ to: 2, success: true, index: 20 }]);
    solo.append(2, 3, [20, 3], [normalEntry(21, 3)], 21);
    expect(solo.take().committed.map((entry) => entry.index)).toEqual([21]);
  });

  test("scenario 16, in a cluster: exactly one snapshot is sent", () => {
    const common = Array<number>(10).fill(1);
    const cluster = new SimCluster({
      ids: [1, 2, 3],
      disks: {
        1: stateWithLog(THREE, [...common, ...Array<number>(10).fill(3)]),
        2: stateWithLog(THREE, [...common, ...Array<number>(10).fill(3)]),
        3: stateWithLog(THREE, [...common, ...Array<number>(15).fill(2)]),
      },
    });
    cluster.isolate(3);
    const n1 = cluster.elect(1);
    expect(n1.compact()).toBe(true);
    cluster.heal();
    cluster.tick(10);
    cluster.propose(1, "next");
    cluster.tick(10);
    expect(n1.snapshotsSent).toBe(1);
    expect(cluster.node(3).applied).toHaveLength(22);
    expect(n1.raft.status().peers.map((peer) => peer.state)).toEqual(["replicate", "replicate"]);
  });

  test("scenario 17: an idle leader that compacted everything sends a snapshot to a follower it knows nothing of", () => {
    const cluster = new SimCluster({ ids: [1, 2, 3] });
    cluster.crash(3);
    const n1 = cluster.elect(1);
    cluster.propose(1, "a", "b");
    cluster.settle();
    expect(n1.compact()).toBe(true);
    expect(n1.raft.status()).toMatchObject({ firstIndex: 4, lastIndex: 3 });
    cluster.restart(3);
    cluster.tick(4);
    expect(cluster.node(3).snapshotsTaken).toBe(1);
    expect(cluster.node(3).applied).toHaveLength(3);
  });

  test("a lost snapshot is sent again, but not before the peer is heard", () => {
    const cluster = new SimCluster({ ids: [1, 2, 3] });
    cluster.crash(3);
    const n1 = cluster.elect(1);
    n1.compact();
    cluster.restart(3);
    let isLost = false;
    cluster.filter = (packet) => packet.type !== "snapshot" || isLost || !(isLost = true);
    cluster.tick(10);
    expect(n1.snapshotsSent).toBe(2);
    expect(cluster.node(3).applied).toHaveLength(1);
  });

  test("a peer that is not heard gets no snapshot", () => {
    const cluster = new SimCluster({ ids: [1, 2, 3] });
    cluster.crash(3);
    const n1 = cluster.elect(1);
    n1.compact();
    cluster.tick(50);
    expect(n1.snapshotsSent).toBe(0);
  });

  test("what the log holds is not installed, but committed and acknowledged", () => {
    const solo = new Solo(stateWithLog(THREE, [1, 1, 2]));
    expect(solo.raft.receiveSnapshot(offer(3, 2, 2))).toEqual({ install: false, reason: "alreadyHeld" });
    expect(solo.raft.commitIndex).toBe(3);
    expect(only(solo.sync(), "appendResponse")).toMatchObject([{ success: true, index: 3 }]);
    expect(solo.raft.receiveSnapshot(offer(1, 1, 2))).toEqual({ install: false, reason: "alreadyHeld" });
    expect(solo.raft.status()).toMatchObject({ lastIndex: 3, commitIndex: 3 });
  });

  test("a deposed leader's snapshot is refused, and it is told the term", () => {
    const solo = new Solo(stateWithLog(THREE, [1], { term: 5 }));
    expect(solo.raft.receiveSnapshot(offer(9, 1, 4))).toEqual({ install: false, reason: "staleTerm" });
    expect(solo.sync()).toMatchObject([{ to: 2, term: 5 }]);
  });

  test("one snapshot at a time", () => {
    const solo = divergent();
    solo.raft.receiveSnapshot(offer(20, 3, 3));
    expect(solo.raft.receiveSnapshot(offer(21, 3, 3))).toEqual({ install: false, reason: "busy" });
  });

  test("while a snapshot is installed the log stands still, nothing is applied, and nobody campaigns", () => {
    const solo = new Solo(stateWithLog(THREE, [1, 1, 1]));
    solo.raft.receiveSnapshot(offer(20, 3, 3));
    solo.sync();
    solo.append(2, 3, [3, 1], [normalEntry(4, 3)], 4);
    const heartbeat = {
      type: "heartbeatRequest",
      from: 2,
      to: 1,
      term: 3,
      leaderCommit: 3,
      readContext: 7,
    } as const;
    solo.raft.step(heartbeat);
    for (let i = 0; i < 50; i += 1) solo.raft.tick();
    solo.raft.step({ type: "timeoutNow", from: 2, to: 1, term: 3 });
    const ready = solo.take();
    expect(ready.committed).toEqual([]);
    expect(ready.messages).toMatchObject([{ type: "heartbeatResponse", readContext: 7 }]);
    expect(solo.raft.status()).toMatchObject({
      role: "follower",
      lastIndex: 3,
      commitIndex: 0,
      installingSnapshot: true,
    });
    expect(solo.raft.compact(snapshotAt(1, 1, THREE))).toBe(false);
  });

  test("a snapshot that failed leaves everything as it was", () => {
    const solo = divergent();
    solo.raft.receiveSnapshot(offer(20, 3, 3));
    solo.raft.snapshotFailed();
    expect(solo.raft.status()).toMatchObject({ lastIndex: 25, installingSnapshot: false });
    solo.append(2, 3, [10, 1], [normalEntry(11, 3)]);
    expect(solo.raft.status().lastIndex).toBe(11);
  });

  test("a late acknowledgement of a write from before a snapshot proves nothing after it", () => {
    const solo = divergent();
    solo.append(2, 2, [25, 2], [normalEntry(26, 2), normalEntry(27, 2)]);
    const { id } = solo.take();
    solo.raft.receiveSnapshot(offer(20, 3, 3));
    solo.raft.snapshotInstalled(snapshotAt(20, 3, THREE));
    solo.append(2, 3, [20, 3], [normalEntry(21, 3)]);
    solo.raft.appended(id);
    expect(solo.raft.status()).toMatchObject({ lastIndex: 21, stableIndex: 20 });
  });

  test("what was committed before is not handed out while a snapshot replaces the state", () => {
    const solo = new Solo(stateWithLog(THREE, [1, 1, 1]), { maxUnappliedEntries: 1 });
    solo.append(2, 1, [3, 1], [], 3);
    expect(solo.take().committed.map((entry) => entry.index)).toEqual([1]);
    solo.raft.receiveSnapshot(offer(20, 3, 3));
    solo.raft.applied(1);
    expect(solo.take().committed).toEqual([]);
  });

  test("an acknowledgement that the log can go on from ends the wait for a snapshot", () => {
    const solo = new Solo(stateWithLog(THREE, [1, 1, 1]), { appliedIndex: 3 });
    solo.raft.compact(snapshotAt(3, 1, THREE));
    solo.lead();
    solo.sync();
    solo.raft.step({
      type: "appendResponse",
      from: 3,
      to: 1,
      term: 2,
      success: false,
      index: 3,
      hintIndex: 0,
      hintTerm: 0,
    });
    solo.sync();
    const peer = (): unknown => solo.raft.status().peers[1];
    solo.acknowledge(3, 2);
    expect(peer()).toMatchObject({ state: "snapshot", matchIndex: 2 });
    solo.acknowledge(3, 3);
    expect(peer()).toMatchObject({ state: "replicate", matchIndex: 3, nextIndex: 4 });
  });

  test("after a stream broke, the next waits for a sign of life", () => {
    const solo = new Solo(stateWithLog(THREE, [1, 1, 1]), { appliedIndex: 3 });
    solo.raft.compact(snapshotAt(3, 1, THREE));
    solo.lead();
    solo.sync();
    const refusal = {
      type: "appendResponse",
      from: 3,
      to: 1,
      term: 2,
      success: false,
      index: 3,
      hintIndex: 0,
      hintTerm: 0,
    } as const;
    solo.raft.step(refusal);
    expect(solo.take().snapshotRequests).toEqual([{ to: 3, term: 2 }]);
    solo.raft.snapshotSent(3, undefined);
    expect(solo.take().snapshotRequests).toEqual([]);
    solo.raft.step({ type: "heartbeatResponse", from: 3, to: 1, term: 2, readContext: 0 });
    expect(solo.take().snapshotRequests).toEqual([{ to: 3, term: 2 }]);
  });

  test("the log is compacted no further than it is applied and durable", () => {
    const solo = new Solo();
    solo.append(
      2,
      1,
      [0, 0],
      [1, 2, 3].map((index) => normalEntry(index, 1)),
      2,
    );
    const { id } = solo.take();
    solo.raft.applied(2);
    expect(solo.raft.compact(snapshotAt(2, 1, THREE))).toBe(false);
    solo.raft.appended(id);
    expect(solo.raft.compact(snapshotAt(3, 1, THREE))).toBe(false);
    expect(solo.raft.compact(snapshotAt(2, 1, THREE))).toBe(true);
    expect(solo.raft.compact(snapshotAt(2, 1, THREE))).toBe(false);
    expect(solo.raft.entries(3, 10)).toHaveLength(1);
  });
});
