import { describe, expect, test } from "@jest/globals";
import { MemoryStateMachine, setCommand } from "../../src/index.ts";
import { Cluster, gate, type Place, rejection } from "./cluster.ts";

function failOnce(place: Place, operation: "append" | "compact", error = new Error("EIO")): void {
  const healthy = place.storage[operation].bind(place.storage) as (argument: never) => Promise<void>;
  let failures = 1;
  place.storage[operation] = (argument: never) =>
    failures-- > 0 ? Promise.reject(error) : healthy(argument);
}

/** Messages that a node sends from now on. */
function listen(cluster: Cluster, place: Place): string[] {
  const sent: string[] = [];
  cluster.network.allow((message) => {
    if (message.from === place.id) sent.push(message.type);
    return true;
  });
  return sent;
}

describe("scenario 5: fsync fails once, then succeeds", () => {
  test("on a follower: it never acknowledges again, and the others keep committing", async () => {
    const { cluster, leader } = await Cluster.led(3);
    const [follower] = cluster.others(leader) as [Place, Place];
    failOnce(follower, "append");
    await cluster.result(leader.node.propose(setCommand("a", "1")));
    await cluster.until(() => follower.eventsOf("fatal").length === 1, "the follower fails");
    const sent = listen(cluster, follower);
    for (let i = 0; i < 20; i++) await cluster.result(leader.node.propose(setCommand("a", String(i))));
    await cluster.clock.advance(2_000);
    expect(sent).toEqual([]);
    expect(follower.node.status().state).toBe("failed");
    expect(follower.eventsOf("fatal")).toEqual([{ type: "fatal", error: new Error("EIO") }]);
    await cluster.stop();
  });

  test("on the leader: its proposals end as unknown, it leads no more, and another takes over", async () => {
    const { cluster, leader } = await Cluster.led(3);
    const { term } = leader.node.status();
    failOnce(leader, "append");
    const taken = rejection(leader.node.propose(setCommand("a", "1")));
    const read = rejection(leader.node.linearizableRead());
    expect(await cluster.result(taken)).toMatchObject({
      code: "PROPOSAL_OUTCOME_UNKNOWN",
      cause: { cause: { message: "EIO" } },
    });
    expect(await cluster.result(read)).toMatchObject({ code: "NODE_STOPPED" });
    const sent = listen(cluster, leader);
    expect(leader.events.slice(-2)).toEqual([
      { type: "leadershipLost", term },
      { type: "fatal", error: new Error("EIO") },
    ]);
    expect(await rejection(leader.node.propose(setCommand("a", "2")))).toMatchObject({
      code: "NODE_STOPPED",
    });
    await cluster.until(
      () => cluster.others(leader).some(({ node }) => node.status().leaderReady),
      "another leads",
    );
    expect(sent).toEqual([]);
    await cluster.stop();
    expect(cluster.clock.pendingTimers).toBe(0);
  });

  test("restarted on what is durable it takes part again", async () => {
    const { cluster, leader } = await Cluster.led(3);
    const [follower] = cluster.others(leader) as [Place, Place];
    failOnce(follower, "append");
    await cluster.result(leader.node.propose(setCommand("a", "1")));
    await cluster.until(() => follower.eventsOf("fatal").length === 1, "the follower fails");
    await cluster.crash(follower);
    await cluster.start(follower.id);
    await cluster.converge();
    expect(follower.stateMachine.get("a")).toBe("1");
    await cluster.stop();
  });
});

test("a failed compaction is fatal", async () => {
  const { cluster, leader } = await Cluster.led(1, { logMaxEntries: 10 });
  failOnce(leader, "compact", new Error("ENOSPC"));
  const ends = Promise.allSettled(
    Array.from({ length: 40 }, () => leader.node.propose(setCommand("a", "1"))),
  );
  await cluster.until(() => leader.eventsOf("fatal").length === 1, "the node fails");
  await ends;
  expect(leader.eventsOf("logCompacted")).toEqual([]);
  await cluster.stop();
});

test("a failed apply is fatal, and what was committed without a result ends as unknown", async () => {
  const { cluster, leader } = await Cluster.led(3);
  leader.stateMachine.apply = () => Promise.reject(new Error("corrupt"));
  const end = await cluster.result(rejection(leader.node.propose(setCommand("a", "1"))));
  expect(end).toMatchObject({ code: "PROPOSAL_OUTCOME_UNKNOWN" });
  expect(leader.eventsOf("fatal")).toEqual([{ type: "fatal", error: new Error("corrupt") }]);
  await cluster.stop();
});

test("stop waits for the write and the apply that are under way", async () => {
  const { cluster, leader } = await Cluster.led(1);
  const [disk, machine] = [gate(), gate()];
  const { storage, stateMachine } = leader;
  const [append, apply] = [
    storage.append.bind(storage),
    MemoryStateMachine.prototype.apply.bind(stateMachine),
  ];
  stateMachine.apply = async (entries) => {
    await machine.opened;
    return apply(entries);
  };
  void rejection(leader.node.propose(setCommand("a", "1")));
  await cluster.clock.settle();
  storage.append = async (batch) => {
    await disk.opened;
    return append(batch);
  };
  void rejection(leader.node.propose(setCommand("b", "1")));
  await cluster.clock.settle();
  let stopped = false;
  const stopping = leader.node.stop().then(() => (stopped = true));
  await cluster.clock.settle();
  expect(stopped).toBe(false);
  machine.open();
  await cluster.clock.settle();
  expect(stopped).toBe(false);
  disk.open();
  await stopping;
});

test("after stop no further batch is applied", async () => {
  const { cluster, leader } = await Cluster.led(1, { maxApplyEntries: 1 });
  const machine = gate();
  const applied: number[] = [];
  const apply = MemoryStateMachine.prototype.apply.bind(leader.stateMachine);
  leader.stateMachine.apply = async (entries) => {
    await machine.opened;
    applied.push(...entries.map(({ index }) => index));
    return apply(entries);
  };
  const ends = Promise.allSettled([1, 2, 3].map((n) => leader.node.propose(setCommand("a", String(n)))));
  await cluster.clock.settle();
  const stopping = leader.node.stop();
  machine.open();
  await stopping;
  await ends;
  await cluster.clock.settle();
  expect(applied).toEqual([2]);
});
