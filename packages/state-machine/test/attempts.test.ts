import { beforeEach, describe, expect, test } from "@jest/globals";
import { AttemptOutcome, ExecutionStatus, JobState } from "../src/index.ts";
import { ignored, items } from "./support/answers.ts";
import {
  assign,
  cancel,
  drain,
  lose,
  on,
  POLICY,
  register,
  report,
  retry,
  settings,
  submit,
} from "./support/bodies.ts";
import { Harness } from "./support/harness.ts";

const A = "a.2.1";
let harness: Harness;
beforeEach(async () => {
  harness = await Harness.open();
  await harness.apply(register(1, { capacity: 1 }));
});

describe("AssignExecutions", () => {
  beforeEach(async () => {
    await harness.apply(submit({ jobId: "a" }));
  });

  test("a waiting execution runs where the placement says", async () => {
    expect(items(await harness.apply(assign(A, 1, on(1))))).toEqual([{ kind: "assigned" }]);
    expect(await harness.execution(A)).toMatchObject({
      status: ExecutionStatus.RUNNING,
      attempts: [{ number: 1, nodeId: 1, assignedAtMs: 1_000_000 }],
    });
    expect(harness.store.queueLength()).toBe(0);
    expect(harness.store.runningOn(1)).toBe(1);
  });

  test("twice is once, another attempt number is fenced, an unknown id is ignored", async () => {
    expect(items(await harness.apply(assign(A, 2, on(1))))).toEqual(ignored("FENCED"));
    await harness.apply(assign(A, 1, on(1)));
    expect(items(await harness.apply(assign(A, 1, on(1))))).toEqual(ignored("NOT_PENDING"));
    expect(items(await harness.apply(assign("x.1.1", 1, on(1))))).toEqual(ignored("UNKNOWN"));
    expect(items(await harness.apply(assign("nonsense", 1, on(1))))).toEqual(ignored("UNKNOWN"));
  });

  test.each([
    ["an unknown node", on(9)],
    ["another incarnation", on(1, 2)],
  ])("%s leaves it waiting (G9)", async (_what, placement) => {
    expect(items(await harness.apply(assign(A, 1, placement)))).toEqual(ignored("PLACEMENT"));
    expect(harness.store.queueLength()).toBe(1);
  });

  test("a draining, a lost, a full node and one without the executor get nothing (G9)", async () => {
    await harness.apply(register(2, { executors: ["docker"] }));
    expect(items(await harness.apply(assign(A, 1, on(2))))).toEqual(ignored("PLACEMENT"));
    await harness.apply(drain(1));
    expect(items(await harness.apply(assign(A, 1, on(1))))).toEqual(ignored("PLACEMENT"));
    await harness.apply(drain(1, false));
    await harness.apply(submit({ jobId: "b", placement: on(1) }));
    expect(items(await harness.apply(assign(A, 1, on(1))))).toEqual(ignored("PLACEMENT"));
    await harness.apply(lose(1));
    expect(items(await harness.apply(assign(A, 1, on(1))))).toEqual(ignored("PLACEMENT"));
  });

  test("the queue goes by priority, then commit index, then item (G9)", async () => {
    await harness.apply(
      submit({ jobId: "b" }, { jobId: "c", policy: { ...POLICY, priority: 5 } }, { jobId: "d" }),
    );
    const head = await harness.store.queueHead(10);
    expect(head.map(({ jobId }) => jobId)).toEqual(["c", "a", "b", "d"]);
  });
});

describe("ReportAttempts", () => {
  beforeEach(async () => {
    await harness.apply(submit({ jobId: "a", placement: on(1) }));
  });

  test("success completes execution and job, and frees capacity", async () => {
    expect(items(await harness.apply(report(A, 1, AttemptOutcome.SUCCEEDED, {}, { exitCode: 0 })))).toEqual([
      { kind: "ended", status: ExecutionStatus.COMPLETED },
    ]);
    expect(await harness.execution(A)).toMatchObject({
      status: ExecutionStatus.COMPLETED,
      attempts: [{ result: { exitCode: 0 }, startedAtMs: 1, endedAtMs: 2 }],
    });
    expect(await harness.store.job("a")).toMatchObject({
      state: JobState.FINISHED,
      status: ExecutionStatus.COMPLETED,
    });
    expect(harness.store.runningOn(1)).toBe(0);
  });

  test("the first committed result wins (G11)", async () => {
    await harness.apply(report(A, 1, AttemptOutcome.SUCCEEDED));
    expect(items(await harness.apply(report(A, 1, AttemptOutcome.FAILED)))).toEqual(ignored("NOT_RUNNING"));
    expect(await harness.execution(A)).toMatchObject({ status: ExecutionStatus.COMPLETED });
  });

  test.each([
    ["another attempt", { attempt: 2 }],
    ["another node", { nodeId: 2 }],
    ["another incarnation", { nodeIncarnation: 2 }],
  ])("%s is fenced", async (_what, given) => {
    expect(items(await harness.apply(report(A, 1, AttemptOutcome.SUCCEEDED, given)))).toEqual(
      ignored("FENCED"),
    );
    expect(await harness.execution(A)).toMatchObject({ status: ExecutionStatus.RUNNING });
  });

  test("an unknown execution and a missing result are ignored", async () => {
    expect(items(await harness.apply(report("b.1.1", 1, AttemptOutcome.SUCCEEDED)))).toEqual(
      ignored("UNKNOWN"),
    );
    expect(items(await harness.apply(report(A, 1, AttemptOutcome.UNSPECIFIED)))).toEqual(
      ignored("NO_RESULT"),
    );
  });

  test("failures are tried again with a growing wait, until max_attempts", async () => {
    const waits: number[] = [];
    for (let attempt = 1; attempt <= 2; attempt++) {
      await harness.apply(report(A, attempt, AttemptOutcome.FAILED));
      const { retryAtMs, status } = await harness.execution(A);
      expect(status).toBe(ExecutionStatus.PENDING);
      expect(await harness.store.due({ toMs: 1e15, limit: 9 })).toEqual([
        { kind: "retry", atMs: retryAtMs, executionId: A },
      ]);
      waits.push(retryAtMs - harness.timeMs);
      harness.timeMs = retryAtMs;
      expect(items(await harness.apply(retry(A, retryAtMs, on(1))))).toEqual([
        { kind: "queued", assignedTo: 1 },
      ]);
    }
    expect(waits).toEqual([1_000, 2_000]);
    expect(items(await harness.apply(report(A, 3, AttemptOutcome.FAILED)))).toEqual([
      { kind: "ended", status: ExecutionStatus.FAILED },
    ]);
    expect(await harness.store.job("a")).toMatchObject({
      state: JobState.FINISHED,
      status: ExecutionStatus.FAILED,
    });
  });

  test("the wait never grows beyond its maximum", async () => {
    await harness.apply(cancel("a"));
    await harness.apply(report(A, 1, AttemptOutcome.STOPPED));
    await harness.apply(
      submit({
        jobId: "b",
        placement: on(1),
        policy: { ...POLICY, maxAttempts: 9, retryInitialMs: 8_000, retryMaxMs: 10_000 },
      }),
    );
    const id = (await harness.store.job("b"))?.latestExecutionId ?? "";
    await harness.apply(report(id, 1, AttemptOutcome.FAILED));
    await harness.apply(retry(id, (await harness.execution(id)).retryAtMs, on(1)));
    await harness.apply(report(id, 2, AttemptOutcome.TIMED_OUT));
    expect((await harness.execution(id)).retryAtMs - harness.timeMs).toBe(10_000);
  });

  test("a failure that no retry can help ends at once", async () => {
    await harness.apply(report(A, 1, AttemptOutcome.FAILED, {}, { retryable: false }));
    expect(await harness.execution(A)).toMatchObject({ status: ExecutionStatus.FAILED });
  });

  test("a retry of another instant is stale; without room it queues", async () => {
    await harness.apply(report(A, 1, AttemptOutcome.FAILED));
    const { retryAtMs } = await harness.execution(A);
    expect(items(await harness.apply(retry(A, retryAtMs + 1)))).toEqual(ignored("STALE"));
    expect(items(await harness.apply(retry(A, retryAtMs, on(2))))).toEqual([
      { kind: "queued", assignedTo: 0 },
    ]);
    expect(await harness.store.queueHead(1)).toMatchObject([{ executionId: A, attempt: 2 }]);
    expect(items(await harness.apply(assign(A, 2, on(1))))).toEqual([{ kind: "assigned" }]);
  });

  test("only the end of a long output is kept, as the settings say", async () => {
    await harness.apply(settings({ outputTailBytes: 3 }));
    await harness.apply(
      report(
        A,
        1,
        AttemptOutcome.SUCCEEDED,
        {},
        { outputTail: new TextEncoder().encode("hello"), outputBytes: 5 },
      ),
    );
    const result = (await harness.execution(A)).attempts[0]?.result;
    expect([new TextDecoder().decode(result?.outputTail), result?.outputBytes]).toEqual(["llo", 5]);
  });
});
