import { beforeEach, describe, expect, test } from "@jest/globals";
import { ExecutionStatus, JobState, type ApplyResult, type SubmitItemResult } from "../src/index.ts";
import {
  CRON,
  cron,
  item,
  NONE,
  on,
  POLICY,
  register,
  remove,
  settings,
  shell,
  submit,
} from "./support/bodies.ts";
import { Harness } from "./support/harness.ts";

let harness: Harness;
beforeEach(async () => {
  harness = await Harness.open();
});

function items(result: ApplyResult): readonly SubmitItemResult[] {
  if ("error" in result || result.kind !== "submitted") throw new Error(JSON.stringify(result));
  return result.items;
}

const code = (result: SubmitItemResult | undefined): string =>
  result !== undefined && "error" in result ? result.error.code : "";

describe("SubmitJobs", () => {
  test("a job due now creates its execution in the same commit, and waits without a placement", async () => {
    const [result] = items(await harness.apply(submit({ jobId: "a" })));
    expect(result).toMatchObject({
      kind: "created",
      assignedTo: 0,
      job: { jobId: "a", incarnation: 1, status: ExecutionStatus.PENDING },
    });
    expect(await harness.store.queueHead(10)).toMatchObject([
      { executionId: "a.1.1", executor: "process", attempt: 1 },
    ]);
  });

  test("a placement that holds makes the execution RUNNING at once", async () => {
    await harness.apply(register(1));
    const [result] = items(await harness.apply(submit({ jobId: "a", placement: on(1) })));
    expect(result).toMatchObject({ assignedTo: 1, job: { status: ExecutionStatus.RUNNING } });
    expect(harness.store.running(1)).toMatchObject([
      { executionId: "a.2.1", attempt: 1, nodeIncarnation: 1, deadlineMs: 1_000_000 + 60_000 + 10_000 },
    ]);
  });

  test("a `none` task completes in apply", async () => {
    await harness.apply(submit({ jobId: "a", task: NONE }));
    expect(await harness.store.job("a")).toMatchObject({
      state: JobState.FINISHED,
      status: ExecutionStatus.COMPLETED,
      finishedAtMs: 1_000_000,
    });
    expect(harness.store.counters()).toMatchObject({ activeJobs: 0, historyJobs: 1, completedExecutions: 1 });
  });

  test("the same id and content returns the job, other content or another owner is a conflict (G10)", async () => {
    await harness.apply(submit({ jobId: "a" }));
    const again = items(
      await harness.apply(
        submit(
          { jobId: "a" },
          { jobId: "a", contentHash: new Uint8Array([2]) },
          { jobId: "a", owner: "eve" },
        ),
      ),
    );
    expect(again[0]).toMatchObject({ kind: "existed", job: { jobId: "a", incarnation: 1 } });
    expect(again.slice(1).map(code)).toEqual(["JOB_CONFLICT", "JOB_CONFLICT"]);
    expect(harness.store.counters().createdJobs).toBe(1);
  });

  test("twice in one command is once, and a bad item does not fail the others", async () => {
    const result = items(
      await harness.apply(submit({ jobId: "a" }, { jobId: "a" }, { jobId: "" }, { jobId: "b" })),
    );
    expect(result.map((one) => ("kind" in one ? one.kind : one.error.code))).toEqual([
      "created",
      "existed",
      "INVALID_ITEM",
      "created",
    ]);
  });

  test("an id made outside of the request window is expired (G10)", async () => {
    harness.timeMs = 10_000_000;
    const result = items(
      await harness.apply(
        submit(
          { jobId: "a", idTimeMs: 6_399_999 },
          { jobId: "b", idTimeMs: 6_400_000 },
          { jobId: "c", idTimeMs: 13_600_001 },
        ),
      ),
    );
    expect(result.map(code)).toEqual(["REQUEST_EXPIRED", "", "REQUEST_EXPIRED"]);
  });

  test("a retry within the window of a job that is there is answered whatever the age of its id", async () => {
    await harness.apply(submit({ jobId: "a", idTimeMs: 1_000_000 }));
    harness.timeMs += 100 * 3_600_000;
    expect(items(await harness.apply(submit({ jobId: "a", idTimeMs: 1_000_000 })))[0]).toMatchObject({
      kind: "existed",
    });
  });

  test("a late retry does not bring a deleted job back, until two windows later", async () => {
    await harness.apply(submit({ jobId: "a", task: NONE }));
    await harness.apply(remove("a"));
    expect(code(items(await harness.apply(submit({ jobId: "a" })))[0])).toBe("JOB_REMOVED");
    harness.timeMs += 2 * 3_600_000 + 1;
    await harness.apply(submit({ jobId: "b", task: NONE }));
    await harness.apply(remove("b"));
    expect(code(items(await harness.apply(submit({ jobId: "a" })))[0])).toBe("");
  });

  test("the limit of active jobs is told with current, limit and requested (G23)", async () => {
    await harness.apply(settings({ maxActiveJobs: 2 }));
    const result = items(
      await harness.apply(submit({ jobId: "n", task: NONE }, { jobId: "a" }, { jobId: "b" }, { jobId: "c" })),
    );
    expect(result.map(code)).toEqual(["", "", "", "JOB_LIMIT_REACHED"]);
    expect(result[3]).toMatchObject({
      error: { category: "exhausted", limit: { current: 2, limit: 2, requested: 1 } },
    });
  });

  test("the limit of bytes counts id, task, schedule and an overhead, and is given back at the end", async () => {
    await harness.apply(settings({ maxActiveJobBytes: 2_000 }));
    const [, big] = items(
      await harness.apply(submit({ jobId: "a" }, { jobId: "b", task: shell("x".repeat(1_500)) })),
    );
    expect(big).toMatchObject({ error: { code: "JOB_BYTES_LIMIT_REACHED", limit: { limit: 2_000 } } });
    const { activeJobBytes } = harness.store.counters();
    expect(activeJobBytes).toBeGreaterThan(512);
    await harness.apply({ $case: "cancelJob", value: { jobId: "a", reason: "", owner: "" } });
    expect(harness.store.counters().activeJobBytes).toBe(0);
  });

  test.each([
    ["a control character in the id", { jobId: "a\0b" }],
    ["no owner", { owner: "" }],
    ["no task", { task: undefined }],
    ["no policy", { policy: undefined }],
    ["no timeout", { policy: { ...POLICY, timeoutMs: 0 } }],
    ["a schedule without an occurrence", { schedule: CRON, nextDueMs: 0 }],
  ])("%s is refused", async (_what, given) => {
    const result = await harness.apply({
      $case: "submitJobs",
      value: { items: [{ ...item({ jobId: "a" }), ...given }] },
    });
    expect(code(items(result)[0])).toBe("INVALID_ITEM");
    expect(await harness.store.job("a")).toBeUndefined();
  });

  test("a cron job waits for its first due instant in the time index (G4)", async () => {
    await harness.apply(cron("a", 5_000_000));
    expect(await harness.store.due({ toMs: 5_000_001, limit: 10 })).toEqual([
      { kind: "fire", atMs: 5_000_000, jobId: "a", incarnation: 1, version: 1 },
    ]);
    expect(await harness.store.job("a")).toMatchObject({
      status: ExecutionStatus.PENDING,
      executions: 0,
      latestExecutionId: "",
    });
  });
});
