import { beforeEach, describe, expect, test } from "@jest/globals";
import { type Job } from "../src/index.ts";
import { cancel, cron, fire, NONE, on, purge, register, remove, settings, submit } from "./support/bodies.ts";
import { checkConsistency } from "./support/check-consistency.ts";
import { Harness } from "./support/harness.ts";

let harness: Harness;
beforeEach(async () => {
  harness = await Harness.open();
});

async function fireMany(jobId: string, count: number): Promise<void> {
  await harness.apply(cron(jobId, 1_000, { task: NONE }));
  for (let i = 0; i < count; i++) {
    const job = (await harness.store.job(jobId)) as Job;
    await harness.apply(fire(job, job.nextDueMs + 1_000));
  }
}

describe("DeleteJob", () => {
  test("removes the job with its history", async () => {
    await harness.apply(submit({ jobId: "a", task: NONE }));
    expect(await harness.apply(remove("a"))).toEqual({ kind: "deleted", jobId: "a", leftExecutions: 0 });
    expect([await harness.store.job("a"), await harness.store.execution("a.1.1")]).toEqual([
      undefined,
      undefined,
    ]);
    expect(harness.store.counters()).toMatchObject({ historyJobs: 0, historyBytes: 0, removedJobs: 1 });
    expect(harness.store.jobCounts()).toMatchObject({ completed: 0 });
  });

  test("a job of which something is active is a conflict", async () => {
    await harness.apply(register(1));
    await harness.apply(submit({ jobId: "a", placement: on(1) }));
    expect(await harness.apply(remove("a"))).toMatchObject({
      error: { code: "JOB_ACTIVE", category: "conflict" },
    });
  });

  test("a cron job between two occurrences can be deleted, and leaves the time index", async () => {
    await harness.apply(cron("a", 5_000));
    await harness.apply(remove("a"));
    expect(await harness.store.due({ toMs: 1e15, limit: 9 })).toEqual([]);
  });

  test("asked in the name of another than its owner, it is denied when it is applied, as is a cancel", async () => {
    await harness.apply(cron("a", 5_000));
    const denied = { error: { code: "JOB_PERMISSION_DENIED", category: "denied" } };
    expect(await harness.apply(remove("a", "bob"))).toMatchObject(denied);
    expect(await harness.apply(cancel("a", "", "bob"))).toMatchObject(denied);
    expect(await harness.store.job("a")).toMatchObject({ nextDueMs: 5_000, cancelReason: "" });
    expect(await harness.apply(cancel("a", "", "ada"))).toMatchObject({ kind: "cancelled" });
    expect(await harness.apply(remove("a", "ada"))).toMatchObject({ kind: "deleted" });
  });

  test("an unknown job is not found", async () => {
    expect(await harness.apply(remove("a"))).toMatchObject({ error: { code: "JOB_NOT_FOUND" } });
  });

  test("a long history goes in steps; Purge removes the rest (G8)", async () => {
    await harness.apply(settings({ maxExecutionsKeptPerJob: 1_000 }));
    await fireMany("a", 300);
    expect(await harness.apply(remove("a"))).toMatchObject({ leftExecutions: 172 });
    expect(await harness.store.historyOverCaps()).toMatchObject({ over: true, leftovers: true });
    expect(await harness.apply(purge(100))).toMatchObject({ executions: 100, more: true });
    await checkConsistency(harness.store, harness.directory);
    expect(await harness.apply(purge(100))).toMatchObject({ executions: 72, more: false });
    expect(await harness.store.historyOverCaps()).toMatchObject({ over: false });
    await checkConsistency(harness.store, harness.directory);
  });
});

describe("Purge", () => {
  test("removes the oldest finished jobs beyond the cap, and no active one (G23)", async () => {
    await harness.apply(settings({ historyMaxJobs: 2 }));
    await harness.apply(submit({ jobId: "active" }));
    for (const jobId of ["a", "b", "c", "d"]) await harness.apply(submit({ jobId, task: NONE }));
    expect(await harness.store.historyOverCaps()).toMatchObject({ over: true, jobs: true });
    expect(await harness.apply(purge(1))).toMatchObject({ jobs: 1, more: true });
    expect(await harness.apply(purge())).toMatchObject({ jobs: 1, more: false });
    const { jobs } = await harness.store.listJobs({ pageSize: 10 });
    expect(jobs.map(({ id }) => id)).toEqual(["d", "c", "active"]);
    expect(await harness.store.historyOverCaps()).toMatchObject({ over: false });
  });

  test("removes by age in log time", async () => {
    await harness.apply(settings({ historyMaxAgeMs: 1_000 }));
    await harness.apply(submit({ jobId: "a", task: NONE }));
    harness.timeMs += 1_001;
    await harness.apply(submit({ jobId: "b", task: NONE }));
    expect(await harness.store.historyOverCaps()).toMatchObject({ age: true });
    expect(await harness.apply(purge())).toMatchObject({ jobs: 1, more: false });
    expect(await harness.store.job("b")).toBeDefined();
  });

  test("removes by bytes", async () => {
    await harness.apply(settings({ historyMaxBytes: 1_700 }));
    for (const jobId of ["a", "b", "c"]) await harness.apply(submit({ jobId, task: NONE }));
    expect(await harness.store.historyOverCaps()).toMatchObject({ bytes: true });
    await harness.apply(purge());
    expect(harness.store.counters().historyBytes).toBeLessThanOrEqual(1_700);
    expect(await harness.store.job("c")).toBeDefined();
  });

  test("a purged job is remembered, so that a late retry does not run it again", async () => {
    await harness.apply(settings({ historyMaxJobs: 1 }));
    for (const jobId of ["a", "b"]) await harness.apply(submit({ jobId, task: NONE }));
    await harness.apply(purge());
    expect(await harness.apply(submit({ jobId: "a", task: NONE }))).toMatchObject({
      items: [{ error: { code: "JOB_REMOVED" } }],
    });
  });

  test("sees what came before it in the same batch", async () => {
    await harness.apply(settings({ historyMaxJobs: 1 }));
    const bodies = [
      submit({ jobId: "a", task: NONE }),
      submit({ jobId: "b", task: NONE }),
      purge(),
      submit({ jobId: "c", task: NONE }),
      purge(),
    ];
    const results = await harness.applyAll(bodies);
    expect(results.filter((result) => "kind" in result && result.kind === "purged")).toMatchObject([
      { jobs: 1 },
      { jobs: 1 },
    ]);
    await checkConsistency(harness.store, harness.directory);
  });

  test("with nothing to do changes nothing", async () => {
    expect(await harness.apply(purge())).toEqual({
      kind: "purged",
      jobs: 0,
      executions: 0,
      requests: 0,
      more: false,
    });
  });
});
