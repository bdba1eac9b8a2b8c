import { beforeEach, describe, expect, test } from "@jest/globals";
import { AttemptOutcome, ExecutionStatus, JobState, type Job } from "../src/index.ts";
import { cancel, cron, fire, NONE, on, register, report, settings } from "./support/bodies.ts";
import { Harness } from "./support/harness.ts";

let harness: Harness;
beforeEach(async () => {
  harness = await Harness.open();
});

async function job(id = "a"): Promise<Job> {
  const found = await harness.store.job(id);
  if (found === undefined) throw new Error(`no job ${id}`);
  return found;
}

async function items(body: ReturnType<typeof fire>): Promise<readonly unknown[]> {
  const result = await harness.apply(body);
  if ("error" in result || result.kind !== "fired") throw new Error(JSON.stringify(result));
  return result.items;
}

describe("FireDue", () => {
  test("creates the occurrence and moves next_due forward", async () => {
    await harness.apply(cron("a", 2_000));
    expect(await items(fire(await job(), 3_000))).toEqual([
      { kind: "fired", executionId: "a.1.1", assignedTo: 0 },
    ]);
    expect(await job()).toMatchObject({
      nextDueMs: 3_000,
      lastDueMs: 2_000,
      executions: 1,
      activeExecutions: 1,
    });
    expect(await harness.store.due({ toMs: 10_000, limit: 10 })).toMatchObject([{ atMs: 3_000 }]);
  });

  test("the same occurrence fires once, whoever proposes it again (G5)", async () => {
    await harness.apply(cron("a", 2_000));
    const body = fire(await job(), 3_000);
    await harness.apply(body);
    expect(await items(body)).toEqual([{ kind: "ignored", reason: "STALE" }]);
    expect((await job()).executions).toBe(1);
  });

  test.each([
    ["another version", { jobVersion: 2 }, "STALE"],
    ["another due instant", { dueMs: 1_999 }, "STALE"],
    ["another incarnation", { jobIncarnation: 9 }, "UNKNOWN"],
    ["an unknown job", { jobId: "b" }, "UNKNOWN"],
    ["a step back", { nextDueMs: 2_000 }, "NOT_FORWARD"],
  ])("%s is ignored, and changes nothing", async (_what, given, reason) => {
    await harness.apply(cron("a", 2_000));
    const before = await job();
    expect(await items(fire(before, 3_000, given))).toEqual([{ kind: "ignored", reason }]);
    expect(await job()).toEqual(before);
  });

  test("a cancelled job does not fire", async () => {
    await harness.apply(cron("a", 2_000));
    const body = fire(await job(), 3_000);
    await harness.apply(cancel("a"));
    expect(await items(body)).toEqual([{ kind: "ignored", reason: "NOT_ACTIVE" }]);
  });

  test("a placement that does not hold leaves the occurrence PENDING (G9)", async () => {
    await harness.apply(register(1, { capacity: 1 }));
    await harness.apply(cron("a", 2_000));
    expect(await items(fire(await job(), 3_000, { placement: on(1, 7) }))).toMatchObject([
      { kind: "fired", assignedTo: 0 },
    ]);
    expect(await items(fire(await job(), 4_000, { placement: on(1) }))).toMatchObject([
      { kind: "fired", assignedTo: 1 },
    ]);
    expect(await items(fire(await job(), 5_000, { placement: on(1) }))).toMatchObject([
      { kind: "fired", assignedTo: 0 },
    ]);
  });

  test("skipping counts the occurrence as missed, together with those between", async () => {
    await harness.apply(cron("a", 2_000));
    expect(await items(fire(await job(), 9_000, { skip: true, missed: 4 }))).toEqual([{ kind: "skipped" }]);
    expect(await job()).toMatchObject({
      missedOccurrences: 5,
      nextDueMs: 9_000,
      lastDueMs: 0,
      executions: 0,
    });
    expect(harness.store.counters().missedOccurrences).toBe(5);
  });

  test("beyond the limit of active executions an occurrence is recorded as missed", async () => {
    await harness.apply(settings({ maxActiveExecutionsPerJob: 1 }));
    await harness.apply(cron("a", 2_000));
    await harness.apply(fire(await job(), 3_000));
    expect(await items(fire(await job(), 4_000))).toEqual([{ kind: "missed" }]);
    expect(await job()).toMatchObject({
      missedOccurrences: 1,
      lastDueMs: 2_000,
      nextDueMs: 4_000,
      executions: 1,
    });
  });

  test("the last occurrence finishes the job once it is over", async () => {
    await harness.apply(register(1));
    await harness.apply(cron("a", 2_000));
    await harness.apply(fire(await job(), 0, { placement: on(1) }));
    expect(await job()).toMatchObject({ state: JobState.ACTIVE, status: ExecutionStatus.RUNNING });
    await harness.apply(report("a.2.1", 1, AttemptOutcome.SUCCEEDED));
    expect(await job()).toMatchObject({ state: JobState.FINISHED, status: ExecutionStatus.COMPLETED });
  });

  test("skipping the last occurrence finishes the job", async () => {
    await harness.apply(cron("a", 2_000));
    await harness.apply(fire(await job(), 0, { skip: true }));
    expect(await job()).toMatchObject({ state: JobState.FINISHED });
  });

  test("only so many executions are kept; older ones go as new ones come", async () => {
    await harness.apply(settings({ maxExecutionsKeptPerJob: 2 }));
    await harness.apply(cron("a", 1_000, { task: NONE }));
    for (let dueMs = 2_000; dueMs <= 6_000; dueMs += 1_000) await harness.apply(fire(await job(), dueMs));
    const { executions } = await harness.store.executionsOf("a", { limit: 10 });
    expect(executions.map(({ number }) => number)).toEqual([5, 4]);
    expect(await harness.store.execution("a.2.1")).toBeUndefined();
  });

  test("an execution that is not over is never removed", async () => {
    await harness.apply(settings({ maxExecutionsKeptPerJob: 1 }));
    await harness.apply(cron("a", 1_000));
    await harness.apply(fire(await job(), 2_000));
    await harness.apply(fire(await job(), 3_000));
    expect((await harness.store.executionsOf("a", { limit: 10 })).executions).toHaveLength(2);
  });
});
