import { describe, expect, test } from "@jest/globals";
import { setCommand } from "../../src/index.ts";
import { Reads } from "../../src/node/reads.ts";
import { Cluster, gate, rejection } from "./cluster.ts";

const accepted = { accepted: true, forwardedTo: 0 } as const;

async function settled(promise: Promise<unknown>): Promise<string> {
  return Promise.race([
    promise.then(
      () => "resolved",
      (error: { code: string }) => error.code,
    ),
    new Promise<string>((resolve) => setImmediate(() => resolve("pending"))),
  ]);
}

describe("reads", () => {
  test("that come together share a round, and later ones begin their own", () => {
    const reads = new Reads({ maxPending: 10 });
    const contexts: number[] = [];
    const begin = (context: number) => {
      contexts.push(context);
      return accepted;
    };
    for (let i = 0; i < 3; i++) void reads.submit();
    reads.flush(begin);
    reads.flush(begin);
    expect(contexts).toEqual([1]);
    void reads.submit();
    reads.flush(begin);
    expect(contexts).toEqual([1, 2]);
  });

  test("end when their round is confirmed and applied, not before", async () => {
    const reads = new Reads({ maxPending: 10 });
    const [first, second] = [reads.submit(), undefined];
    reads.flush(() => accepted);
    const later = reads.submit();
    reads.flush(() => accepted);
    reads.confirmed({ context: 1, index: 7 });
    reads.applied(6);
    expect([await settled(first), second]).toEqual(["pending", undefined]);
    reads.applied(7);
    expect(await settled(first)).toBe("resolved");
    expect(await settled(later)).toBe("pending");
    expect(reads.pending).toBe(1);
  });

  test("of a dropped round go into the next one", async () => {
    const reads = new Reads({ maxPending: 10 });
    const read = reads.submit();
    reads.flush(() => accepted);
    reads.dropped({ context: 1 }, 1);
    reads.flush(() => accepted);
    reads.confirmed({ context: 2, index: 1 });
    reads.applied(1);
    expect(await settled(read)).toBe("resolved");
  });

  test("that were dropped too often are given up", async () => {
    const reads = new Reads({ maxPending: 10, maxRetries: 2 });
    const read = rejection(reads.submit());
    for (const context of [1, 2, 3]) {
      reads.flush(() => accepted);
      reads.dropped({ context }, 2);
    }
    expect(await read).toMatchObject({ code: "NOT_LEADER", leader: 2 });
    expect(reads.pending).toBe(0);
  });

  test("that are confirmed survive the loss of leadership; the others name the next leader", async () => {
    const reads = new Reads({ maxPending: 10 });
    const confirmed = reads.submit();
    reads.flush(() => accepted);
    reads.confirmed({ context: 1, index: 5 });
    const waiting = rejection(reads.submit());
    reads.rejectWaiting(3);
    expect(await waiting).toMatchObject({ code: "NOT_LEADER", leader: 3 });
    reads.applied(5);
    expect(await settled(confirmed)).toBe("resolved");
  });

  test("are bounded", () => {
    const reads = new Reads({ maxPending: 1 });
    void reads.submit();
    expect(() => reads.submit()).toThrow(
      expect.objectContaining({ code: "TOO_MANY_READS", category: "exhausted" }),
    );
  });
});

describe("a linearizable read in a cluster", () => {
  test("waits until what was acknowledged before is applied here", async () => {
    const { cluster, leader } = await Cluster.led(3);
    await cluster.result(leader.node.propose(setCommand("a", "1")));
    const machine = gate();
    const apply = leader.stateMachine.apply.bind(leader.stateMachine);
    leader.stateMachine.apply = async (entries) => {
      await machine.opened;
      return apply(entries);
    };
    void rejection(leader.node.propose(setCommand("a", "2")).then(() => Promise.reject(new Error("done"))));
    await cluster.clock.advance(100);
    const read = leader.node.linearizableRead();
    await cluster.clock.advance(200);
    expect(await settled(read)).toBe("pending");
    machine.open();
    await cluster.result(read);
    expect(leader.stateMachine.get("a")).toBe("2");
    await cluster.stop();
  });

  test("costs one round for many", async () => {
    const { cluster, leader } = await Cluster.led(3);
    const contexts = new Set<number>();
    cluster.network.allow((message) => {
      if (message.type === "heartbeatRequest" && message.readContext > 0) contexts.add(message.readContext);
      return true;
    });
    await cluster.result(Promise.all(Array.from({ length: 100 }, () => leader.node.linearizableRead())));
    expect(contexts.size).toBe(1);
    await cluster.stop();
  });

  test("is refused on a follower, with the leader named", async () => {
    const { cluster, leader } = await Cluster.led(3);
    await cluster.clock.advance(100);
    for (const { node } of cluster.others(leader)) {
      expect(await rejection(node.linearizableRead())).toMatchObject({
        code: "NOT_LEADER",
        leader: leader.id,
      });
    }
    await cluster.stop();
  });

  test("forwarded by a follower sees what was acknowledged anywhere before", async () => {
    const { cluster, leader } = await Cluster.led(3);
    await cluster.clock.advance(100);
    for (const { node, stateMachine } of cluster.places) {
      await cluster.result(leader.node.propose(setCommand("seen by", String(node.status().id))));
      await cluster.result(node.linearizableRead({ forward: true }));
      expect(stateMachine.get("seen by")).toBe(String(node.status().id));
      expect(node.status().pendingReads).toBe(0);
    }
    await cluster.stop();
  });

  test("forwarded goes on although a message of it is lost, and ends when none arrives", async () => {
    const { cluster, leader } = await Cluster.led(3);
    await cluster.clock.advance(100);
    const [follower] = cluster.others(leader);
    let lost = 0;
    cluster.network.allow((message) => message.type !== "readIndexRequest" || ++lost > 1);
    await cluster.result(follower!.node.linearizableRead({ forward: true }), 1_000);
    expect(lost).toBe(2);
    cluster.network.allow((message) => message.type !== "readIndexRequest");
    const read = rejection(follower!.node.linearizableRead({ forward: true }));
    expect(await cluster.result(read, 2_000)).toMatchObject({ code: "NOT_LEADER", leader: leader.id });
    await cluster.stop();
  });

  test("forwarded is refused when no leader is known, and given up when it is lost", async () => {
    const { cluster, leader } = await Cluster.led(3);
    await cluster.clock.advance(100);
    const [follower] = cluster.others(leader);
    cluster.network.isolate(follower!.id);
    const read = rejection(follower!.node.linearizableRead({ forward: true }));
    expect(await cluster.result(read, 2_000)).toMatchObject({ code: "NOT_LEADER", leader: 0 });
    expect(await rejection(follower!.node.linearizableRead({ forward: true }))).toMatchObject({ leader: 0 });
    await cluster.stop();
  });

  test("is never served by a leader that was deposed without knowing", async () => {
    const { cluster, leader } = await Cluster.led(3);
    cluster.network.isolate(leader.id);
    const read = rejection(leader.node.linearizableRead());
    expect(await cluster.result(read, 1_000)).toMatchObject({ code: "NOT_LEADER" });
    await cluster.stop();
  });

  test("succeeds although the first messages of its round are lost", async () => {
    const { cluster, leader } = await Cluster.led(3);
    cluster.network.allow((message) => message.type !== "heartbeatRequest");
    const read = leader.node.linearizableRead();
    await cluster.clock.advance(20);
    cluster.network.allow(() => true);
    await cluster.result(read, 300);
    await cluster.stop();
  });

  test("under a lease asks nobody, and goes back to asking when no heartbeat is answered any more", async () => {
    const { cluster, leader } = await Cluster.led(3, { leaseReads: true });
    await cluster.clock.advance(100);
    expect(leader.node.status().holdsLease).toBe(true);
    cluster.network.isolate(leader.id);
    const alone = leader.node.linearizableRead();
    await cluster.clock.advance(0);
    expect(await settled(alone)).toBe("resolved");

    await cluster.clock.advance(120);
    expect(leader.node.status()).toMatchObject({ role: "leader", holdsLease: false });
    expect(await cluster.result(rejection(leader.node.linearizableRead()), 1_000)).toMatchObject({
      code: "NOT_LEADER",
    });
    await cluster.stop();
  });

  test("under a lease is not served by a process that slept through it", async () => {
    const { cluster, leader } = await Cluster.led(3, { leaseReads: true });
    await cluster.clock.advance(100);
    cluster.network.isolate(leader.id);
    const now = cluster.clock.now.bind(cluster.clock);
    cluster.clock.now = () => now() + 5_000; // the ticks that fell due meanwhile have not come yet
    expect(leader.node.status()).toMatchObject({ role: "leader", holdsLease: false });
    await cluster.stop();
  });
});
