import { describe, expect, test } from "@jest/globals";
import { InvalidQueryError, type Job } from "../src/index.ts";
import { assign, cron, fire, NONE, on, register, submit } from "./support/bodies.ts";
import { Harness } from "./support/harness.ts";

describe("executionsOf", () => {
  test("pages a job's history, newest first", async () => {
    const harness = await Harness.open();
    await harness.apply(cron("a", 1_000, { task: NONE }));
    for (let i = 0; i < 5; i++) {
      const job = (await harness.store.job("a")) as Job;
      await harness.apply(fire(job, job.nextDueMs + 1_000));
    }
    const first = await harness.store.executionsOf("a", { limit: 3 });
    expect([first.executions.map(({ number }) => number), first.next]).toEqual([[5, 4, 3], 3]);
    const second = await harness.store.executionsOf("a", { limit: 3, before: 3 });
    expect([second.executions.map(({ number }) => number), second.next]).toEqual([[2, 1], undefined]);
    expect(await harness.store.executionsOf("nobody", { limit: 3 })).toEqual({ executions: [] });
    await expect(harness.store.executionsOf("a", { limit: 0 })).rejects.toThrow(InvalidQueryError);
  });
});

describe("due", () => {
  test("gives a window of the time index, oldest first, and goes on after an item", async () => {
    const harness = await Harness.open();
    for (const [jobId, atMs] of [
      ["c", 3_000],
      ["a", 1_000],
      ["b", 1_000],
      ["d", 9_000],
    ] as const)
      await harness.apply(cron(jobId, atMs));
    const first = await harness.store.due({ toMs: 9_000, limit: 2 });
    expect(first.map((item) => [item.kind === "fire" ? item.jobId : "", item.atMs])).toEqual([
      ["a", 1_000],
      ["b", 1_000],
    ]);
    const rest = await harness.store.due({ toMs: 9_000, limit: 9, after: first[1]! });
    expect(rest).toMatchObject([{ jobId: "c" }]);
    expect(await harness.store.due({ fromMs: 3_000, toMs: 9_001, limit: 9 })).toMatchObject([
      { jobId: "c" },
      { jobId: "d" },
    ]);
    expect(await harness.store.due({ toMs: 0, limit: 9 })).toEqual([]);
  });
});

describe("queueHead", () => {
  test("reads on from disk when more waits than memory holds (G22)", async () => {
    const harness = await Harness.open({ queueHeadLimit: 4 });
    await harness.apply(register(1, { capacity: 100 }));
    for (let i = 0; i < 10; i++) await harness.apply(submit({ jobId: `j${i}` }));
    const order: string[] = [];
    for (let i = 0; i < 10; i++) {
      const [next] = await harness.store.queueHead(2);
      if (next === undefined) break;
      order.push(next.jobId);
      await harness.apply(assign(next.executionId, next.attempt, on(1)));
    }
    expect(order).toEqual(Array.from({ length: 10 }, (_, i) => `j${i}`));
    expect([await harness.store.queueHead(2), harness.store.queueLength()]).toEqual([[], 0]);
  });

  test("what queues while the head is short is neither lost nor out of order", async () => {
    const harness = await Harness.open({ queueHeadLimit: 2 });
    await harness.apply(register(1, { capacity: 100 }));
    for (let i = 0; i < 4; i++) await harness.apply(submit({ jobId: `j${i}` }));
    for (const { executionId } of await harness.store.queueHead(2))
      await harness.apply(assign(executionId, 1, on(1)));
    await harness.apply(submit({ jobId: "late" }));
    await harness.reopen();
    expect((await harness.store.queueHead(2)).map(({ jobId }) => jobId)).toEqual(["j2", "j3"]);
    for (const { executionId } of await harness.store.queueHead(2))
      await harness.apply(assign(executionId, 1, on(1)));
    expect((await harness.store.queueHead(2)).map(({ jobId }) => jobId)).toEqual(["late"]);
  });
});

describe("reads", () => {
  test("see everything applied before them, though the disk follows later", async () => {
    const harness = await Harness.open();
    const applied = harness.apply(submit({ jobId: "a" }));
    await applied;
    expect(await harness.store.job("a")).toBeDefined();
    expect((await harness.store.listJobs({ pageSize: 5 })).jobs).toHaveLength(1);
    expect(await harness.store.job("b")).toBeUndefined();
    expect(await harness.store.execution("nonsense")).toBeUndefined();
  });

  test("that need the disk are answered while commands keep coming", async () => {
    const harness = await Harness.open();
    let going = true;
    const load = (async () => {
      for (let i = 0; going; i++) await harness.apply(submit({ jobId: `j${i}` }));
    })();
    for (let i = 0; i < 5; i++) await harness.store.listJobs({ pageSize: 5 });
    going = false;
    await load;
    expect(harness.store.durable().index).toBeGreaterThan(0);
  });
});
