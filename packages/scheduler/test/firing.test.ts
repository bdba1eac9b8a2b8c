import { describe, expect, test } from "@jest/globals";
import { MisfirePolicy } from "@coxswain/state-machine";
import type { Job } from "@coxswain/state-machine";
import { FakeStore } from "./fake-store.ts";
import { START_MS, atJob, cronJob, fixture } from "./fixture.ts";

const policy = (misfire: MisfirePolicy): Partial<Job> => ({
  policy: { maxAttempts: 1, timeoutMs: 1000, retryInitialMs: 1, retryMaxMs: 1, onNodeLoss: 1, misfire, priority: 0 },
});
const dueTimes = (store: FakeStore, id: string): number[] => store.of(id).map(({ dueMs }) => dueMs - START_MS);

test("a one-time job fires at its instant, not before, and once", async () => {
  const { store, clock, scheduler } = fixture();
  store.put(atJob("a", START_MS + 3_000));
  scheduler.start(1);
  await clock.advance(2_999);
  expect(store.of("a")).toHaveLength(0);
  await clock.advance(1);
  expect(dueTimes(store, "a")).toEqual([3_000]);
  expect(store.jobs.get("a")?.nextDueMs).toBe(0);
  await clock.advance(60_000);
  expect(store.of("a")).toHaveLength(1);
});

test("a recurring job fires at each occurrence, across slots", async () => {
  const { store, clock, scheduler } = fixture();
  store.put(cronJob("c", "*/5 * * * * *", START_MS + 5_000));
  scheduler.start(1);
  await clock.advance(60_000);
  expect(dueTimes(store, "c")).toEqual(Array.from({ length: 12 }, (_, i) => (i + 1) * 5_000));
});

test("a job submitted within the slot fires without waiting for the next reading", async () => {
  const { store, clock, scheduler } = fixture();
  scheduler.start(1);
  await clock.advance(100);
  store.put(atJob("soon", START_MS + 1_000));
  store.put(atJob("past", START_MS - 500));
  await clock.advance(900);
  expect(dueTimes(store, "soon")).toEqual([1_000]);
  expect(dueTimes(store, "past")).toEqual([-500]);
});

test("a job whose event was missed is found in the index within half a slot", async () => {
  const { store, clock, scheduler } = fixture();
  scheduler.start(1);
  await clock.advance(100);
  store.muteEvents = true;
  store.put(atJob("quiet", START_MS + 200));
  store.muteEvents = false;
  await clock.advance(5_000);
  expect(store.of("quiet")).toHaveLength(1);
});

test("jobs created before a failover or restart fire under the next leader, from the oldest key (G4)", async () => {
  const store = new FakeStore();
  store.put(atJob("long-due", START_MS - 86_400_000));
  store.put(atJob("ahead", START_MS + 2_000));
  const { clock, scheduler } = fixture({}, store);
  scheduler.start(7);
  await clock.advance(0);
  expect(store.of("long-due")).toHaveLength(1);
  await clock.advance(2_000);
  expect(store.of("ahead")).toHaveLength(1);
});

test("what a deposed leader computed before an edit is ignored (G5)", async () => {
  const store = new FakeStore();
  store.put(cronJob("c", "*/5 * * * * *", START_MS + 1_000));
  const deposed = fixture({}, store);
  deposed.proposer.held = [];
  deposed.scheduler.start(1);
  await deposed.clock.advance(1_000);
  expect(deposed.proposer.of("fireDue")).toHaveLength(1);
  // The edit is committed first; the held proposal of the old leader after it.
  store.put(cronJob("c", "0 * * * *", START_MS + 3_600_000, { version: 2 }));
  deposed.scheduler.stop();
  for (const release of deposed.proposer.held) release();
  await deposed.clock.advance(10_000);
  expect(store.of("c")).toHaveLength(0);
  expect(store.jobs.get("c")?.nextDueMs).toBe(START_MS + 3_600_000);
});

test("a key that outlived its schedule fires nothing and does not spin", async () => {
  const { store, clock, scheduler, proposer } = fixture();
  store.put(cronJob("c", "*/5 * * * * *", START_MS + 1_000));
  scheduler.start(1);
  await clock.advance(500);
  store.put(cronJob("c", "*/5 * * * * *", START_MS + 5_000, { version: 2 }));
  await clock.advance(4_000);
  expect(proposer.of("fireDue")).toHaveLength(0);
  await clock.advance(1_000);
  expect(dueTimes(store, "c")).toEqual([5_000]);
});

test("failed proposals are made again until they succeed, and nothing fires twice", async () => {
  const { store, clock, scheduler, proposer } = fixture();
  for (let i = 0; i < 10; i++) store.put(atJob(`j${i}`, START_MS + 1_000));
  proposer.failures = 3;
  proposer.unknownOutcomes = 1;
  scheduler.start(1);
  await clock.advance(10_000);
  for (let i = 0; i < 10; i++) expect(store.of(`j${i}`)).toHaveLength(1);
  expect(proposer.of("fireDue").length).toBeLessThanOrEqual(6);
});

test("a job whose schedule cannot be read holds up nobody", async () => {
  const { store, clock, scheduler, complaints } = fixture();
  store.put(cronJob("bad", "not a cron", START_MS + 1_000));
  store.put(cronJob("good", "*/5 * * * * *", START_MS + 1_000));
  scheduler.start(1);
  await clock.advance(20_000);
  expect(store.of("good").length).toBeGreaterThan(2);
  expect(store.of("bad")).toHaveLength(0);
  expect(complaints).toEqual([expect.stringContaining("cannot be fired")]);
});

test("a crowded slot is read in pages, with bounded memory, and all of it fires", async () => {
  const { store, clock, scheduler, proposer } = fixture({ duePageItems: 50, maxNearDueItems: 100, batchItems: 20 });
  for (let i = 0; i < 500; i++) store.put(atJob(`j${i}`, START_MS + 1_000 + (i % 7)));
  let most = 0;
  const read = store.due;
  store.due = async (range) => {
    const items = await read(range);
    most = Math.max(most, scheduler.status().nearItems);
    return items;
  };
  scheduler.start(1);
  await clock.advance(30_000);
  expect(store.executions.size).toBe(500);
  expect(most).toBeLessThanOrEqual(100);
  expect(Math.max(...proposer.of("fireDue").map(({ items }) => items.length))).toBeLessThanOrEqual(20);
});

test("events that find no room in memory are read again from the index", async () => {
  const { store, clock, scheduler } = fixture({ duePageItems: 10, maxNearDueItems: 20 });
  scheduler.start(1);
  await clock.advance(10);
  for (let i = 0; i < 100; i++) store.put(atJob(`j${i}`, START_MS + 1_000));
  await clock.advance(2_000);
  expect(store.executions.size).toBe(100);
});

test("many due at once go into few commands", async () => {
  const { store, clock, scheduler, proposer } = fixture();
  for (let i = 0; i < 600; i++) store.put(atJob(`j${i}`, START_MS + 1_000));
  scheduler.start(1);
  await clock.advance(1_000);
  expect(proposer.of("fireDue").map(({ items }) => items.length).sort()).toEqual([256, 256, 88]);
});

test("a due time beyond 2^31 ms does not fire early, whatever the width of a slot", async () => {
  const farMs = 2 ** 31 + 60_000;
  const { store, clock, scheduler } = fixture({ slotGapMs: 2 ** 33, purgeIntervalMs: 2 ** 32, nodeTtlMs: 2 ** 35 });
  store.put(atJob("far", START_MS + farMs));
  scheduler.start(1);
  await clock.advance(farMs - 1);
  expect(store.of("far")).toHaveLength(0);
  await clock.advance(1);
  expect(store.of("far")).toHaveLength(1);
});

test("a wall clock set back delays firing and does not repeat it", async () => {
  const { store, clock, scheduler } = fixture();
  store.put(cronJob("c", "*/5 * * * * *", START_MS + 5_000));
  scheduler.start(1);
  await clock.advance(5_000);
  clock.setWall(START_MS);
  await clock.advance(9_000);
  expect(dueTimes(store, "c")).toEqual([5_000]);
  await clock.advance(2_000);
  expect(dueTimes(store, "c")).toEqual([5_000, 10_000]);
});

test("a wall clock set back by hours does not hold up what is due by it", async () => {
  const { store, clock, scheduler, proposer } = fixture();
  store.put(atJob("failed", START_MS - 10 * 3_600_000));
  proposer.failures = 4;
  scheduler.start(1);
  await clock.advance(10);
  clock.setWall(START_MS - 5 * 3_600_000);
  await clock.advance(20_000);
  expect(store.of("failed")).toHaveLength(1);
  store.muteEvents = true;
  store.put(atJob("quiet", clock.now() + 1_000));
  await clock.advance(6_000);
  expect(store.of("quiet")).toHaveLength(1);
});

test("retries and deadlines come due like occurrences", async () => {
  const { store, clock, scheduler, live } = fixture();
  store.register(1);
  scheduler.start(1);
  await live(500);
  const first = store.submit("a", { placement: { nodeId: 1, nodeIncarnation: 1 } });
  store.retryLater(first.id, START_MS + 3_000);
  const second = store.submit("b", { placement: { nodeId: 1, nodeIncarnation: 1 } });
  second.deadlineMs = START_MS + 8_000;
  await live(2_000);
  expect(first.attempt).toBe(1);
  await live(1_000);
  expect({ attempt: first.attempt, nodeId: first.nodeId }).toEqual({ attempt: 2, nodeId: 1 });
  expect(second.stopping).toBe(false);
  await live(5_000);
  expect(second.stopping).toBe(true);
  await clock.advance(0);
});

describe("misfires", () => {
  test("once: the due occurrence fires, what else was missed is counted, and the next lies ahead", async () => {
    const store = new FakeStore();
    store.put(cronJob("c", "* * * * *", START_MS - 300_000, policy(MisfirePolicy.ONCE)));
    const { clock, scheduler } = fixture({}, store);
    scheduler.start(1);
    await clock.advance(10_000);
    expect(dueTimes(store, "c")).toEqual([-300_000]);
    expect(store.jobs.get("c")).toMatchObject({ nextDueMs: START_MS + 60_000, missedOccurrences: 5 });
  });

  test("skip: nothing late fires", async () => {
    const store = new FakeStore();
    store.put(cronJob("c", "* * * * *", START_MS - 300_000, policy(MisfirePolicy.SKIP)));
    store.put(atJob("a", START_MS - 5_000, policy(MisfirePolicy.SKIP)));
    const { clock, scheduler } = fixture({}, store);
    scheduler.start(1);
    await clock.advance(10_000);
    // The occurrence of this very instant is in time.
    expect(dueTimes(store, "c")).toEqual([0]);
    expect(store.jobs.get("c")).toMatchObject({ nextDueMs: START_MS + 60_000, missedOccurrences: 5 });
    expect(store.of("a")).toHaveLength(0);
    expect(store.jobs.get("a")?.nextDueMs).toBe(0);
  });

  test("all: each missed occurrence fires", async () => {
    const store = new FakeStore();
    store.put(cronJob("c", "* * * * *", START_MS - 300_000, policy(MisfirePolicy.ALL)));
    const { clock, scheduler } = fixture({}, store);
    scheduler.start(1);
    await clock.advance(10_000);
    expect(dueTimes(store, "c")).toEqual([-300_000, -240_000, -180_000, -120_000, -60_000, 0]);
    expect(store.jobs.get("c")).toMatchObject({ nextDueMs: START_MS + 60_000, missedOccurrences: 0 });
  });

  test("a late one-time job fires by default", async () => {
    const store = new FakeStore();
    store.put(atJob("a", START_MS - 3_600_000, policy(MisfirePolicy.ONCE)));
    const { clock, scheduler } = fixture({}, store);
    scheduler.start(1);
    await clock.advance(0);
    expect(store.of("a")).toHaveLength(1);
  });

  test("the count of missed occurrences is bounded", async () => {
    const store = new FakeStore();
    store.put(cronJob("c", "* * * * * *", START_MS - 86_400_000, policy(MisfirePolicy.ONCE)));
    const { clock, scheduler } = fixture({}, store);
    scheduler.start(1);
    await clock.advance(0);
    expect(store.jobs.get("c")).toMatchObject({ nextDueMs: START_MS + 1_000, missedOccurrences: 10_000 });
  });
});

describe("first and last date", () => {
  test("last_date holds for the first run as for every other", async () => {
    const { store, clock, scheduler } = fixture();
    store.put(cronJob("over", "*/5 * * * * *", START_MS + 5_000, { lastMs: START_MS + 4_000 }));
    store.put(cronJob("two", "*/5 * * * * *", START_MS + 5_000, { lastMs: START_MS + 10_000 }));
    scheduler.start(1);
    await clock.advance(60_000);
    expect(store.of("over")).toHaveLength(0);
    expect(store.jobs.get("over")?.nextDueMs).toBe(0);
    expect(dueTimes(store, "two")).toEqual([5_000, 10_000]);
    expect(store.jobs.get("two")?.nextDueMs).toBe(0);
  });

  test("nothing fires before the first date", async () => {
    const { store, clock, scheduler } = fixture();
    store.put(cronJob("c", "*/5 * * * * *", START_MS + 5_000, { firstMs: START_MS + 15_000 }));
    scheduler.start(1);
    await clock.advance(20_000);
    expect(dueTimes(store, "c")).toEqual([15_000, 20_000]);
  });

  test("a misfire counts no occurrences after the last date", async () => {
    const store = new FakeStore();
    store.put(cronJob("c", "* * * * *", START_MS - 300_000, { ...policy(MisfirePolicy.ONCE), lastMs: START_MS - 180_000 }));
    const { clock, scheduler } = fixture({}, store);
    scheduler.start(1);
    await clock.advance(0);
    expect(store.jobs.get("c")).toMatchObject({ nextDueMs: 0, missedOccurrences: 2 });
  });
});
