import { describe, expect, test } from "@jest/globals";
import { ExecutionStatus } from "@coxswain/state-machine";
import { FakeStore } from "./fake-store.ts";
import { fixture } from "./fixture.ts";

test("a lost node's running jobs are taken up again elsewhere", async () => {
  const { store, scheduler, live } = fixture();
  store.register(1);
  store.register(2);
  scheduler.start(1);
  await live(500);
  store.submit("a", { placement: { nodeId: 1, nodeIncarnation: 1 } });
  await live(5_500, [2]);
  expect(store.members.get(1)?.lost).toBe(false);
  await live(1_500, [2]);
  expect(store.members.get(1)?.lost).toBe(true);
  expect(store.of("a")[0]).toMatchObject({ status: ExecutionStatus.RUNNING, nodeId: 2, attempt: 2 });
});

test("a node is not declared lost before its lease and the margin are over", async () => {
  const { store, scheduler, clock, beat, live } = fixture();
  store.register(1);
  store.register(2);
  scheduler.start(1);
  await live(20_000);
  beat();
  await clock.advance(500);
  await live(5_500, [2]);
  expect(store.members.get(1)?.lost).toBe(false);
  await live(1_000, [2]);
  expect(store.members.get(1)?.lost).toBe(true);
});

test("a new leader waits as long as any lease can last before it declares anyone lost (G12)", async () => {
  const store = new FakeStore();
  store.register(1);
  const { scheduler, clock, proposer } = fixture({}, store);
  await clock.advance(60_000);
  scheduler.start(2);
  await clock.advance(6_000);
  expect(proposer.of("markNodesLost")).toHaveLength(0);
  await clock.advance(1_000);
  expect(store.members.get(1)?.lost).toBe(true);
});

test("a node may hold a lease of a predecessor with another --node-ttl: it is waited out (G12)", async () => {
  const store = new FakeStore();
  store.register(1, { maxLeaseMs: 30_000 });
  const { scheduler, clock, proposer } = fixture({}, store);
  scheduler.start(2);
  await clock.advance(30_900);
  expect(proposer.of("markNodesLost")).toHaveLength(0);
  await clock.advance(1_000);
  expect(store.members.get(1)?.lost).toBe(true);
});

test("a leader that was stalled reads its heartbeats before it judges", async () => {
  const { store, scheduler, clock, live } = fixture();
  store.register(1);
  scheduler.start(1);
  await live(20_000);
  clock.stall(30_000);
  await clock.advance(10);
  await live(10_000);
  expect(store.members.get(1)?.lost).toBe(false);
});

test("a node that registers after the leader began has its time to be heard of", async () => {
  const { store, scheduler, clock, proposer } = fixture();
  scheduler.start(1);
  await clock.advance(60_000);
  store.register(1);
  await clock.advance(5_900);
  expect(proposer.of("markNodesLost")).toHaveLength(0);
  await clock.advance(1_500);
  expect(store.members.get(1)?.lost).toBe(true);
});

test("a declaration that fails is made again", async () => {
  const { store, scheduler, clock, proposer } = fixture();
  store.register(1);
  scheduler.start(1);
  proposer.failures = 3;
  await clock.advance(10_000);
  expect(store.members.get(1)?.lost).toBe(true);
  expect(proposer.of("markNodesLost")).toHaveLength(4);
});

describe("heartbeats", () => {
  test("are granted to the registered incarnation alone", () => {
    const { store, scheduler } = fixture();
    store.register(1);
    store.register(1);
    scheduler.start(1);
    expect(scheduler.heartbeat({ nodeId: 1, incarnation: 2 })).toEqual({ granted: true, leaseMs: 5_000 });
    expect(scheduler.heartbeat({ nodeId: 1, incarnation: 1 })).toMatchObject({ granted: false, reason: "OTHER_INCARNATION" });
    expect(scheduler.heartbeat({ nodeId: 1, incarnation: 3 })).toMatchObject({ granted: false, reason: "OTHER_INCARNATION" });
    expect(scheduler.heartbeat({ nodeId: 9, incarnation: 1 })).toMatchObject({ granted: false, reason: "NOT_REGISTERED" });
  });

  test("are refused by a node that does not lead", () => {
    const { store, scheduler } = fixture();
    store.register(1);
    expect(scheduler.heartbeat({ nodeId: 1, incarnation: 1 })).toEqual({ granted: false, leaseMs: 0, reason: "NOT_LEADER" });
    scheduler.start(1);
    scheduler.stop();
    expect(scheduler.heartbeat({ nodeId: 1, incarnation: 1 }).reason).toBe("NOT_LEADER");
  });

  test("get no grant once the node is to be declared lost, even before that is applied", async () => {
    const { store, scheduler, clock, proposer } = fixture();
    store.register(1);
    scheduler.start(1);
    proposer.held = [];
    await clock.advance(7_000);
    expect(proposer.of("markNodesLost")).toHaveLength(1);
    expect(store.members.get(1)?.lost).toBe(false);
    expect(scheduler.heartbeat({ nodeId: 1, incarnation: 1 })).toMatchObject({ granted: false, reason: "LOST" });
    for (const release of proposer.held) release();
    await clock.advance(0);
    expect(store.members.get(1)?.lost).toBe(true);
  });

  test("are granted again after a lost node registered anew, as a new start or the same", async () => {
    const { store, scheduler, clock } = fixture();
    store.register(1);
    scheduler.start(1);
    await clock.advance(8_000);
    expect(scheduler.heartbeat({ nodeId: 1, incarnation: 1 }).reason).toBe("LOST");
    store.change(1, { lost: false, registeredAtMs: 999 });
    expect(scheduler.heartbeat({ nodeId: 1, incarnation: 1 }).granted).toBe(true);
    store.register(1);
    expect(scheduler.heartbeat({ nodeId: 1, incarnation: 2 }).granted).toBe(true);
  });

  test("show in the view of leases until they run out", async () => {
    const { store, scheduler, clock, beat } = fixture();
    store.register(1);
    scheduler.start(1);
    expect(scheduler.leases()).toEqual([]);
    beat();
    await clock.advance(2_000);
    expect(scheduler.leases()).toEqual([{ nodeId: 1, incarnation: 1, remainingMs: 3_000 }]);
    await clock.advance(3_000);
    expect(scheduler.leases()).toEqual([]);
  });
});

test("a node that is leaving keeps its lease and is given nothing new", async () => {
  const { store, scheduler } = fixture();
  store.register(1);
  store.register(2);
  scheduler.start(1);
  expect(scheduler.heartbeat({ nodeId: 1, incarnation: 1, leaving: true }).granted).toBe(true);
  scheduler.heartbeat({ nodeId: 2, incarnation: 1 });
  for (let n = 0; n < 3; n++) expect(scheduler.place({ executor: "process" }).placement?.nodeId).toBe(2);
  expect(scheduler.leases().map(({ nodeId }) => nodeId)).toEqual([1, 2]);
});
