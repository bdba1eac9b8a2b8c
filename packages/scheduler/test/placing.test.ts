import { describe, expect, test } from "@jest/globals";
import { ExecutionStatus } from "@coxswain/state-machine";
import type { FakeStore } from "./fake-store.ts";
import { fixture } from "./fixture.ts";
import type { Fixture } from "./fixture.ts";

const running = (store: FakeStore): number =>
  [...store.executions.values()].filter(({ status }) => status === ExecutionStatus.RUNNING).length;
const count = <T>(values: readonly T[]): Map<T, number> => values.reduce((map, v) => map.set(v, (map.get(v) ?? 0) + 1), new Map<T, number>());

async function led(nodes: Record<number, Parameters<FakeStore["register"]>[1]>): Promise<Fixture> {
  const made = fixture();
  for (const [id, given] of Object.entries(nodes)) made.store.register(Number(id), given ?? {});
  made.scheduler.start(1);
  made.beat();
  await made.clock.advance(1);
  return made;
}

describe("place", () => {
  test("256 submits in flight do not pick the same slot (G9)", async () => {
    const { scheduler } = await led({ 1: { capacity: 100 }, 2: { capacity: 100 }, 3: { capacity: 100 } });
    const placed = Array.from({ length: 256 }, () => scheduler.place({ executor: "process" }).placement?.nodeId);
    const perNode = count(placed);
    expect([...perNode.keys()].sort()).toEqual([1, 2, 3]);
    for (const submits of perNode.values()) expect(submits).toBeGreaterThanOrEqual(85);
  });

  test("reservations never exceed capacity, and releasing gives the slot back once", async () => {
    const { scheduler } = await led({ 1: { capacity: 2 } });
    const first = scheduler.place({ executor: "process" });
    scheduler.place({ executor: "process" });
    expect(scheduler.place({ executor: "process" }).placement).toBeUndefined();
    first.release();
    first.release();
    expect(scheduler.place({ executor: "process" }).placement).toEqual({ nodeId: 1, nodeIncarnation: 1 });
    expect(scheduler.place({ executor: "process" }).placement).toBeUndefined();
  });

  test("the least loaded node is taken, in proportion to its capacity", async () => {
    const { store, scheduler } = await led({ 1: { capacity: 2 }, 2: { capacity: 10 } });
    store.submit("a", { placement: { nodeId: 1, nodeIncarnation: 1 } });
    for (let i = 0; i < 4; i++) store.submit(`b${i}`, { placement: { nodeId: 2, nodeIncarnation: 1 } });
    expect(scheduler.place({ executor: "process" }).placement?.nodeId).toBe(2);
  });

  test("equal nodes take turns", async () => {
    const { scheduler } = await led({ 1: {}, 2: {}, 3: {} });
    const order = Array.from({ length: 6 }, () => {
      const { placement, release } = scheduler.place({ executor: "process" });
      release();
      return placement?.nodeId;
    });
    expect(count(order)).toEqual(new Map([[1, 2], [2, 2], [3, 2]]));
  });

  test("only a node that offers the executor, holds a lease, is not lost and not draining is taken", async () => {
    const { store, scheduler, clock, live } = await led({ 1: { executors: ["webhook"] }, 2: { draining: true }, 3: { lost: true }, 4: {} });
    expect(scheduler.place({ executor: "process" }).placement?.nodeId).toBe(4);
    expect(scheduler.place({ executor: "docker" }).placement).toBeUndefined();
    await clock.advance(5_000);
    expect(scheduler.place({ executor: "process" }).placement).toBeUndefined();
    await live(500);
    expect(scheduler.place({ executor: "process" }).placement?.nodeId).toBe(4);
    store.change(4, { capacity: 0 });
    expect(scheduler.place({ executor: "process" }).placement).toBeUndefined();
  });

  test("a node that never sent a heartbeat to this leader gets no work", () => {
    const { store, scheduler } = fixture();
    store.register(1);
    scheduler.start(1);
    expect(scheduler.place({ executor: "process" }).placement).toBeUndefined();
  });

  test("work without an executor needs no node", async () => {
    const { scheduler } = await led({ 1: { capacity: 1 } });
    for (let i = 0; i < 5; i++) expect(scheduler.place({ executor: "none" }).placement).toBeUndefined();
    expect(scheduler.place({ executor: "process", none: true }).placement).toBeUndefined();
    expect(scheduler.place({ executor: "process" }).placement).toBeDefined();
  });

  test("nothing is placed past something eligible in the queue (G9)", async () => {
    const { store, scheduler, proposer, clock } = await led({ 1: { capacity: 1 } });
    const first = store.submit("first", { placement: { nodeId: 1, nodeIncarnation: 1 } });
    store.submit("second");
    await clock.advance(10);
    proposer.held = [];
    store.finish(first.id);
    expect(scheduler.place({ executor: "process" }).placement).toBeUndefined();
    await clock.advance(10);
    expect(scheduler.place({ executor: "process" }).placement).toBeUndefined();
    for (const release of proposer.held) release();
    await clock.advance(10);
    expect(store.of("second")[0]?.status).toBe(ExecutionStatus.RUNNING);
  });

  test("nothing is placed past what joined the queue without a hint so far", async () => {
    const { store, scheduler, clock } = await led({ 1: { executors: ["process", "webhook"], capacity: 1 } });
    const first = store.submit("first", { placement: { nodeId: 1, nodeIncarnation: 1 } });
    store.submit("odd", { executor: "docker" });
    await clock.advance(10);
    store.muteEvents = true;
    store.submit("second");
    store.finish(first.id);
    expect(scheduler.place({ executor: "process" }).placement).toBeUndefined();
  });

  test("what waits for an executor that nobody offers holds up nobody else", async () => {
    const { store, scheduler, clock } = await led({ 1: {} });
    store.submit("docker", { executor: "docker", priority: 9 });
    await clock.advance(10);
    expect(scheduler.place({ executor: "process" }).placement?.nodeId).toBe(1);
  });

  test("what waits for one node does not keep new work from another that it cannot use", async () => {
    const { store, scheduler, clock } = await led({ 1: { executors: ["docker", "process"], capacity: 1 }, 2: { executors: ["process"] } });
    store.submit("runs", { executor: "docker", placement: { nodeId: 1, nodeIncarnation: 1 } });
    store.submit("waits", { executor: "docker" });
    await clock.advance(10);
    expect(scheduler.place({ executor: "process" }).placement?.nodeId).toBe(2);
  });

  test("losing leadership forgets reservations, and places nothing", async () => {
    const { scheduler, beat } = await led({ 1: { capacity: 1 } });
    expect(scheduler.place({ executor: "process" }).placement).toBeDefined();
    scheduler.stop();
    expect(scheduler.place({ executor: "process" }).placement).toBeUndefined();
    scheduler.start(2);
    beat();
    expect(scheduler.place({ executor: "process" }).placement).toBeDefined();
  });
});

describe("assigning what waits", () => {
  test("by priority, then age", async () => {
    const { store, clock } = await led({ 1: { capacity: 2 } });
    store.members.set(1, { ...store.members.get(1)!, capacity: 0 });
    for (const [id, priority] of [["old", 0], ["young", 0], ["urgent", 5]] as const) {
      store.index++;
      store.submit(id, { priority });
    }
    await clock.advance(10);
    store.change(1, { capacity: 2 });
    await clock.advance(10);
    expect(store.of("urgent")[0]?.status).toBe(ExecutionStatus.RUNNING);
    expect(store.of("old")[0]?.status).toBe(ExecutionStatus.RUNNING);
    expect(store.of("young")[0]?.status).toBe(ExecutionStatus.PENDING);
  });

  test("capacity counters fall: a flood of jobs passes through few slots", async () => {
    const { store, live } = await led({ 1: { capacity: 2 }, 2: { capacity: 1 } });
    for (let i = 0; i < 50; i++) store.submit(`j${i}`);
    let most = 0;
    for (let round = 0; round < 40; round++) {
      await live(100);
      most = Math.max(most, running(store));
      for (const { id, status } of store.executions.values()) if (status === ExecutionStatus.RUNNING) store.finish(id);
    }
    expect(most).toBe(3);
    expect([...store.executions.values()].every(({ status, attempt }) => status === ExecutionStatus.COMPLETED && attempt === 1)).toBe(true);
  });

  test("many events make few commands, each of bounded size", async () => {
    const { store, proposer, live } = await led({ 1: { capacity: 1_000 } });
    for (let i = 0; i < 600; i++) store.submit(`j${i}`);
    await live(500);
    expect(running(store)).toBe(600);
    expect(proposer.of("assignExecutions").map(({ items }) => items.length)).toEqual([256, 256, 88]);
  });

  test("heads that no node can run are passed over, however many", async () => {
    const { store, live } = await led({ 1: {} });
    for (let i = 0; i < 2_000; i++) store.submit(`d${i}`, { executor: "docker", priority: 9 });
    store.submit("last");
    await live(500);
    expect(store.of("last")[0]?.status).toBe(ExecutionStatus.RUNNING);
  });

  test("drain stops new work and can be undone", async () => {
    const { store, live } = await led({ 1: {} });
    store.change(1, { draining: true });
    store.submit("a");
    await live(2_000);
    expect(store.of("a")[0]?.status).toBe(ExecutionStatus.PENDING);
    store.change(1, { draining: false });
    await live(500);
    expect(store.of("a")[0]?.status).toBe(ExecutionStatus.RUNNING);
  });

  test("a drain that is in the state holds under a new leader", async () => {
    const { store, scheduler, live } = await led({ 1: {} });
    store.change(1, { draining: true });
    scheduler.stop();
    scheduler.start(2);
    store.submit("a");
    await live(2_000);
    expect(store.of("a")[0]?.status).toBe(ExecutionStatus.PENDING);
  });

  test("failed and ignored assignments are tried again, without a storm", async () => {
    const { store, proposer, live } = await led({ 1: {} });
    proposer.failures = 4;
    store.submit("a");
    await live(5_000);
    expect(store.of("a")[0]).toMatchObject({ status: ExecutionStatus.RUNNING, attempt: 1 });
    expect(proposer.of("assignExecutions")).toHaveLength(5);
  });

  test("an outcome that stayed unknown assigns nothing twice", async () => {
    const { store, proposer, live } = await led({ 1: {} });
    proposer.unknownOutcomes = 1;
    store.submit("a");
    await live(5_000);
    expect(store.of("a")[0]).toMatchObject({ status: ExecutionStatus.RUNNING, attempt: 1 });
  });

  test("a slot that a failed submit gives back goes to what waits", async () => {
    const { store, scheduler, clock } = await led({ 1: { capacity: 1 } });
    const { release } = scheduler.place({ executor: "process" });
    store.submit("waits");
    await clock.advance(100);
    expect(store.of("waits")[0]?.status).toBe(ExecutionStatus.PENDING);
    release();
    await clock.advance(1);
    expect(store.of("waits")[0]?.status).toBe(ExecutionStatus.RUNNING);
  });

  test("what waits is found even when its event was missed", async () => {
    const { store, live } = await led({ 1: {} });
    store.muteEvents = true;
    store.submit("quiet");
    await live(6_000);
    expect(store.of("quiet")[0]?.status).toBe(ExecutionStatus.RUNNING);
  });

  test("a lease that is held again is taken up at once", async () => {
    const { store, clock, live } = await led({ 1: {} });
    await clock.advance(5_500);
    store.submit("a");
    await clock.advance(100);
    expect(store.of("a")[0]?.status).toBe(ExecutionStatus.PENDING);
    await live(1);
    expect(store.of("a")[0]?.status).toBe(ExecutionStatus.RUNNING);
  });
});
