import { describe, expect, test } from "@jest/globals";
import { setCommand } from "../../src/index.ts";
import { Cluster, type Place } from "./cluster.ts";

function commitMany(leader: Place, count: number, prefix = "k"): Promise<unknown> {
  return Promise.all(
    Array.from({ length: count }, (_, i) => leader.node.propose(setCommand(`${prefix}${i}`, "v"))),
  );
}

describe("a cluster of three", () => {
  test("elects one leader, which is ready once its noop is applied", async () => {
    const { cluster, leader } = await Cluster.led(3);
    const { term } = leader.node.status();
    expect(leader.eventsOf("leaderReady")).toEqual([{ type: "leaderReady", term }]);
    expect(leader.stateMachine.appliedIndex()).toBeGreaterThanOrEqual(1);
    await cluster.clock.advance(100);
    for (const place of cluster.places)
      expect(place.node.status()).toMatchObject({ leader: leader.id, term });
    await cluster.stop();
  });

  test("applies a proposal on every node and answers with the state machine's result", async () => {
    const { cluster, leader } = await Cluster.led(3);
    expect(await cluster.result(leader.node.propose(setCommand("stroke", "30")))).toBeUndefined();
    expect(await cluster.result(leader.node.propose(setCommand("stroke", "36")))).toBe("30");
    await cluster.converge();
    for (const { stateMachine } of cluster.places) expect(stateMachine.get("stroke")).toBe("36");
    await cluster.stop();
  });

  test("applies proposals made together in the order in which they were made", async () => {
    const { cluster, leader } = await Cluster.led(3);
    const results = Array.from({ length: 200 }, (_, i) => leader.node.propose(setCommand("last", String(i))));
    const previous = await cluster.result(Promise.all(results));
    expect(previous).toEqual([undefined, ...Array.from({ length: 199 }, (_, i) => String(i))]);
    await cluster.stop();
  });

  test("goes on when its leader dies, and takes it back with what it had", async () => {
    const { cluster, leader } = await Cluster.led(3);
    await cluster.result(commitMany(leader, 20, "before"));
    await cluster.crash(leader);
    const next = await cluster.leader();
    expect(next.id).not.toBe(leader.id);
    await cluster.result(commitMany(next, 20, "after"));
    await cluster.start(leader.id);
    await cluster.converge();
    expect(leader.stateMachine.pairs()).toEqual(next.stateMachine.pairs());
    expect(leader.stateMachine.pairs()).toHaveLength(40);
    await cluster.stop();
  });

  test("loses nothing acknowledged when all nodes die at once with writes under way", async () => {
    const { cluster, leader } = await Cluster.led(3);
    const acknowledged: string[] = [];
    for (let i = 0; i < 100; i++) {
      const key = `k${i}`;
      leader.node.propose(setCommand(key, "v")).then(
        () => acknowledged.push(key),
        () => undefined,
      );
      if (i % 7 === 0) await Promise.resolve();
    }
    for (let turn = 0; turn < 30; turn++) await Promise.resolve();
    for (const place of cluster.places) await cluster.crash(place);
    for (const { id } of cluster.places) await cluster.start(id);
    const next = await cluster.leader();
    const held = new Set(next.stateMachine.pairs().map(([key]) => key));
    expect(acknowledged.filter((key) => !held.has(key))).toEqual([]);
    await cluster.stop();
  });

  test("elects no second leader while one is heard", async () => {
    const { cluster, leader } = await Cluster.led(3);
    const { term } = leader.node.status();
    await cluster.clock.advance(10_000);
    expect(leader.node.status()).toMatchObject({ role: "leader", term });
    await cluster.stop();
  });

  test("tells every loss of leadership exactly once, and promptly", async () => {
    const { cluster, leader } = await Cluster.led(3);
    const { term } = leader.node.status();
    cluster.network.isolate(leader.id);
    await cluster.until(() => leader.eventsOf("leadershipLost").length > 0, "the leader steps down", 400);
    await cluster.leader();
    cluster.network.heal();
    await cluster.clock.advance(1_000);
    expect(leader.eventsOf("leadershipLost")).toEqual([{ type: "leadershipLost", term }]);
    await cluster.stop();
  });
});

describe("a cluster of one", () => {
  test("leads without waiting for a timeout", async () => {
    const cluster = await Cluster.started(1);
    expect(cluster.place(1).events).toEqual([]);
    await cluster.clock.advance(10);
    expect(cluster.place(1).node.status()).toMatchObject({ role: "leader", leaderReady: true });
    expect(await cluster.result(cluster.place(1).node.propose(setCommand("a", "1")))).toBeUndefined();
    await cluster.stop();
  });
});

describe("status and entries", () => {
  test("show peers on the leader, and what is retained", async () => {
    const { cluster, leader } = await Cluster.led(3);
    await cluster.result(commitMany(leader, 5));
    await cluster.converge();
    await cluster.clock.advance(100);
    const { lastIndex, peers, commitIndex, appliedIndex } = leader.node.status();
    expect([commitIndex, appliedIndex]).toEqual([lastIndex, lastIndex]);
    expect(peers.map(({ matchIndex, recentlyActive }) => [matchIndex, recentlyActive])).toEqual([
      [lastIndex, true],
      [lastIndex, true],
    ]);
    expect(leader.node.entries(2, 3).map(({ index }) => index)).toEqual([2, 3, 4]);
    expect(leader.node.entries(lastIndex + 1, 3)).toEqual([]);
    await cluster.stop();
  });
});

describe("stop", () => {
  test("releases the timers, ends what is pending, and may be called twice", async () => {
    const { cluster, leader } = await Cluster.led(3);
    cluster.network.isolate(leader.id);
    const proposal = leader.node.propose(setCommand("a", "1"));
    const read = leader.node.linearizableRead();
    await cluster.clock.settle();
    const ends = Promise.allSettled([proposal, read]);
    const first = leader.node.stop();
    expect(leader.node.stop()).toBe(first);
    await cluster.stop();
    expect(await ends).toMatchObject([
      { status: "rejected", reason: { code: "PROPOSAL_OUTCOME_UNKNOWN" } },
      { status: "rejected", reason: { code: "NODE_STOPPED" } },
    ]);
    expect(cluster.clock.pendingTimers).toBe(0);
    expect(leader.eventsOf("leadershipLost")).toHaveLength(1);
    await expect(leader.node.propose(setCommand("a", "1"))).rejects.toMatchObject({ code: "NODE_STOPPED" });
    await expect(leader.node.linearizableRead()).rejects.toMatchObject({ code: "NODE_STOPPED" });
    await expect(leader.node.transferLeadership()).rejects.toMatchObject({ code: "NODE_STOPPED" });
    expect(leader.node.status().state).toBe("stopped");
  });
});
