import { expect, test } from "@jest/globals";
import { Scheduler } from "../src/index.ts";
import { FakeProposer, START_MS, atJob, cronJob, fixture } from "./fixture.ts";
import { FakeClock } from "./fake-clock.ts";
import { FakeStore } from "./fake-store.ts";

test("starting and stopping twice is starting and stopping once, and releases everything", async () => {
  const { store, scheduler, clock } = fixture();
  store.register(1);
  store.put(cronJob("c", "*/5 * * * * *", START_MS + 5_000));
  scheduler.start(1);
  const listeners = store.listeners;
  scheduler.start(1);
  expect(store.listeners).toBe(listeners);
  await clock.advance(5_000);
  expect(store.of("c")).toHaveLength(1);
  scheduler.stop();
  scheduler.stop();
  expect({ listeners: store.listeners, timers: clock.timers, status: scheduler.status() }).toEqual({
    listeners: 0, timers: 0, status: { term: undefined, nearItems: 0 },
  });
  await clock.advance(60_000);
  expect(store.of("c")).toHaveLength(1);
});

test("an older term does not replace a newer one", () => {
  const { scheduler } = fixture();
  scheduler.start(5);
  scheduler.start(4);
  expect(scheduler.status().term).toBe(5);
  scheduler.start(6);
  expect(scheduler.status().term).toBe(6);
});

test("a stopped scheduler proposes nothing, whatever was under way", async () => {
  const { store, scheduler, clock, proposer } = fixture();
  for (let i = 0; i < 3_000; i++) store.put(atJob(`j${i}`, START_MS + 1_000));
  scheduler.start(1);
  proposer.failures = 1_000;
  await clock.advance(2_000);
  const before = proposer.proposed.length;
  scheduler.stop();
  await clock.advance(60_000);
  expect(proposer.proposed).toHaveLength(before);
  expect(clock.timers).toBe(0);
});

test("history over its caps is removed in small steps, and left alone otherwise", async () => {
  const { store, scheduler, clock, proposer } = fixture({ purgeLimit: 10 });
  scheduler.start(1);
  await clock.advance(30_000);
  expect(proposer.of("purge")).toHaveLength(0);
  store.overCaps = 45;
  proposer.failures = 1;
  await clock.advance(40_000);
  expect(store.overCaps).toBe(0);
  expect(proposer.of("purge")).toHaveLength(6);
});

test("a store that cannot be read is asked again", async () => {
  const { store, scheduler, clock, complaints } = fixture();
  store.put(atJob("a", START_MS + 1_000));
  const { due } = store;
  let failures = 3;
  store.due = (range) => (failures-- > 0 ? Promise.reject(new Error("disk")) : due(range));
  scheduler.start(1);
  await clock.advance(2_000);
  expect(store.of("a")).toHaveLength(1);
  expect(complaints).toHaveLength(3);
});

test("settings out of range are refused", () => {
  const store = new FakeStore();
  const logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
  const parts = { store, proposer: new FakeProposer(store), clock: new FakeClock(0), logger };
  for (const settings of [{ slotGapMs: 0 }, { nodeTtlMs: Number.NaN }, { batchItems: 1.5 }, { leaseMarginMs: -1 }]) {
    expect(() => new Scheduler({ ...parts, settings })).toThrow(expect.objectContaining({ code: "SCHEDULER_SETTINGS", category: "invalid" }));
  }
});
