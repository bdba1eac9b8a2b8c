import { beforeEach, describe, expect, test } from "@jest/globals";
import {
  AttemptOutcome,
  ExecutionStatus,
  JobState,
  NodeLossPolicy,
  StopReason,
  type ApplyResult,
  type Execution,
} from "../src/index.ts";
import {
  assign,
  cancel,
  deadline,
  drain,
  lose,
  on,
  POLICY,
  register,
  report,
  retry,
  settings,
  shell,
  submit,
} from "./support/bodies.ts";
import { Harness } from "./support/harness.ts";

const A = "a.2.1";
let harness: Harness;
beforeEach(async () => {
  harness = await Harness.open();
  await harness.apply(register(1, { capacity: 1 }));
});

async function execution(id = A): Promise<Execution> {
  const found = await harness.store.execution(id);
  if (found === undefined) throw new Error(`no execution ${id}`);
  return found;
}

function items(result: ApplyResult): readonly unknown[] {
  if ("error" in result || !("items" in result)) throw new Error(JSON.stringify(result));
  return result.items;
}

const ignored = (reason: string): unknown[] => [{ kind: "ignored", reason }];

describe("AssignExecutions", () => {
  beforeEach(async () => {
    await harness.apply(submit({ jobId: "a" }));
  });

  test("a waiting execution runs where the placement says", async () => {
    expect(items(await harness.apply(assign(A, 1, on(1))))).toEqual([{ kind: "assigned" }]);
    expect(await execution()).toMatchObject({
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
    expect(await execution()).toMatchObject({
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
    expect(await execution()).toMatchObject({ status: ExecutionStatus.COMPLETED });
  });

  test.each([
    ["another attempt", { attempt: 2 }],
    ["another node", { nodeId: 2 }],
    ["another incarnation", { nodeIncarnation: 2 }],
  ])("%s is fenced", async (_what, given) => {
    expect(items(await harness.apply(report(A, 1, AttemptOutcome.SUCCEEDED, given)))).toEqual(
      ignored("FENCED"),
    );
    expect(await execution()).toMatchObject({ status: ExecutionStatus.RUNNING });
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
      const { retryAtMs, status } = await execution();
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
    await harness.apply(retry(id, (await execution(id)).retryAtMs, on(1)));
    await harness.apply(report(id, 2, AttemptOutcome.TIMED_OUT));
    expect((await execution(id)).retryAtMs - harness.timeMs).toBe(10_000);
  });

  test("a failure that no retry can help ends at once", async () => {
    await harness.apply(report(A, 1, AttemptOutcome.FAILED, {}, { retryable: false }));
    expect(await execution()).toMatchObject({ status: ExecutionStatus.FAILED });
  });

  test("a retry of another instant is stale; without room it queues", async () => {
    await harness.apply(report(A, 1, AttemptOutcome.FAILED));
    const { retryAtMs } = await execution();
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
    const result = (await execution()).attempts[0]?.result;
    expect([new TextDecoder().decode(result?.outputTail), result?.outputBytes]).toEqual(["llo", 5]);
  });
});

describe("stopping (G11)", () => {
  beforeEach(async () => {
    await harness.apply(submit({ jobId: "a", placement: on(1) }));
  });

  test("the deadline of a container leaves time to pull its image; that of a process does not", async () => {
    await harness.apply(register(2, { executors: ["process", "docker"] }));
    const image = { image: "alpine:latest", shell: "true", argv: [], env: {}, workingDirectory: "", limits: undefined };
    const task = { kind: { $case: "docker", value: image } } as const;
    const docker = items(await harness.apply(submit({ jobId: "b", task, placement: on(2) })));
    expect(docker).toHaveLength(1);
    const marginOf = ({ deadlineMs, assignedAtMs }: { deadlineMs: number; assignedAtMs: number }): number =>
      deadlineMs - assignedAtMs - POLICY.timeoutMs;
    const attempts = await Promise.all([A, "b.4.1"].map(async (id) => (await execution(id)).attempts[0]!));
    expect(attempts.map(marginOf)).toEqual([10_000, 3_600_000]);
  });

  test("a deadline asks the attempt to stop and leaves capacity taken until it did", async () => {
    const { deadlineMs } = (await execution()).attempts[0] ?? { deadlineMs: 0 };
    expect(await harness.store.due({ toMs: 1e15, limit: 9 })).toEqual([
      { kind: "deadline", atMs: deadlineMs, executionId: A, attempt: 1 },
    ]);
    expect(items(await harness.apply(deadline(A, 1, deadlineMs + 1)))).toEqual(ignored("STALE"));
    expect(items(await harness.apply(deadline(A, 1, deadlineMs)))).toEqual([{ kind: "stopRequested" }]);
    expect(items(await harness.apply(deadline(A, 1, deadlineMs)))).toEqual(ignored("ALREADY"));
    expect(await harness.store.due({ toMs: 1e15, limit: 9 })).toEqual([]);
    expect(harness.store.running()).toMatchObject([{ stopRequested: StopReason.TIMEOUT }]);
    expect(harness.store.runningOn(1)).toBe(1);
    await harness.apply(report(A, 1, AttemptOutcome.STOPPED));
    expect(await execution()).toMatchObject({
      status: ExecutionStatus.PENDING,
      stopRequested: StopReason.UNSPECIFIED,
    });
    expect(harness.store.runningOn(1)).toBe(0);
  });

  test("cancelling asks a running attempt to stop; its report ends it as CANCELLED", async () => {
    const result = await harness.apply(cancel("a", "enough"));
    expect(result).toMatchObject({
      kind: "cancelled",
      stopping: 1,
      cancelledAtMs: 1_000_000,
      job: { state: JobState.CANCELLED, status: ExecutionStatus.RUNNING },
    });
    expect(harness.store.runningOn(1)).toBe(1);
    expect(await harness.store.job("a")).toMatchObject({ cancelReason: "enough", finishedAtMs: 0 });
    await harness.apply(report(A, 1, AttemptOutcome.STOPPED));
    expect(await harness.store.job("a")).toMatchObject({
      status: ExecutionStatus.CANCELLED,
      finishedAtMs: 1_000_000,
    });
  });

  test("a job that finished first stays as it ended, and a cancel after it is a conflict", async () => {
    await harness.apply(report(A, 1, AttemptOutcome.SUCCEEDED));
    expect(await harness.apply(cancel("a"))).toMatchObject({
      error: { code: "JOB_ALREADY_FINISHED", category: "conflict" },
    });
  });

  test("a success that was on its way when the cancel came counts", async () => {
    await harness.apply(cancel("a"));
    await harness.apply(report(A, 1, AttemptOutcome.SUCCEEDED));
    expect(await harness.store.job("a")).toMatchObject({
      state: JobState.CANCELLED,
      status: ExecutionStatus.COMPLETED,
    });
  });

  test("a failure after a cancel is not tried again", async () => {
    await harness.apply(cancel("a"));
    await harness.apply(report(A, 1, AttemptOutcome.FAILED));
    expect(await execution()).toMatchObject({ status: ExecutionStatus.FAILED, retryAtMs: 0 });
  });

  test("cancelling again before the end is answered the same", async () => {
    const first = await harness.apply(cancel("a"));
    harness.timeMs += 5;
    expect(await harness.apply(cancel("a"))).toEqual(first);
  });

  test("the grace of a cancel goes to the attempt's node; a later cancel can make it shorter and never longer", async () => {
    const grace = () => harness.store.running().map(({ stopGraceMs }) => stopGraceMs);
    expect(grace()).toEqual([undefined]);
    await harness.apply(cancel("a"));
    expect(grace()).toEqual([undefined]);
    for (const [graceMs, then] of [
      [60_000, 60_000],
      [90_000, 60_000],
      [undefined, 60_000],
      [5_000, 5_000],
      [0, 0],
      [1, 0],
    ] as const) {
      expect(await harness.apply(cancel("a", "", "", graceMs))).toMatchObject({
        kind: "cancelled",
        stopping: 1,
      });
      expect(grace()).toEqual([then]);
    }
    await harness.apply(report(A, 1, AttemptOutcome.STOPPED));
    expect(await execution()).toMatchObject({ status: ExecutionStatus.CANCELLED });
    expect((await execution())?.stopGraceMs).toBeUndefined();
  });

  test("a cancel with a grace hurries an attempt that is being stopped for its timeout", async () => {
    const { deadlineMs } = harness.store.running()[0]!;
    await harness.apply(deadline(A, 1, deadlineMs));
    await harness.apply(cancel("a", "", "", 0));
    expect(harness.store.running()).toMatchObject([{ stopRequested: StopReason.TIMEOUT, stopGraceMs: 0 }]);
  });

  test("what waits in the queue or for a retry ends at once", async () => {
    await harness.apply(submit({ jobId: "b" }));
    expect(await harness.apply(cancel("b"))).toMatchObject({
      stopping: 0,
      job: { status: ExecutionStatus.CANCELLED },
    });
    await harness.apply(report(A, 1, AttemptOutcome.FAILED));
    expect(await harness.apply(cancel("a"))).toMatchObject({
      stopping: 0,
      job: { status: ExecutionStatus.CANCELLED },
    });
    expect(await harness.store.due({ toMs: 1e15, limit: 9 })).toEqual([]);
    expect(harness.store.queueLength()).toBe(0);
  });

  test("an unknown job is not found", async () => {
    expect(await harness.apply(cancel("nobody"))).toMatchObject({
      error: { code: "JOB_NOT_FOUND", category: "not-found" },
    });
  });

  test("a node that stops an attempt nobody asked to stop gave it up: it runs elsewhere", async () => {
    await harness.apply(report(A, 1, AttemptOutcome.STOPPED));
    expect(await execution()).toMatchObject({ status: ExecutionStatus.PENDING, retryAtMs: 0, nodeLosses: 1 });
  });
});

describe("the loss of a node", () => {
  test("attempts run again elsewhere at once, without counting against max_attempts", async () => {
    await harness.apply(submit({ jobId: "a", placement: on(1), policy: { ...POLICY, maxAttempts: 1 } }));
    expect(items(await harness.apply(lose(1)))).toEqual([{ kind: "lost", attempts: 1 }]);
    expect(await harness.store.queueHead(9)).toMatchObject([{ executionId: A, attempt: 2 }]);
    await harness.apply(register(2));
    await harness.apply(assign(A, 2, on(2)));
    await harness.apply(report(A, 2, AttemptOutcome.FAILED, { nodeId: 2 }));
    expect(await execution()).toMatchObject({ status: ExecutionStatus.FAILED, nodeLosses: 1 });
  });

  test("with on_node_loss FAIL the execution fails: at most once", async () => {
    await harness.apply(
      submit({ jobId: "a", placement: on(1), policy: { ...POLICY, onNodeLoss: NodeLossPolicy.FAIL } }),
    );
    await harness.apply(lose(1));
    expect(await execution()).toMatchObject({
      status: ExecutionStatus.FAILED,
      attempts: [{ result: { outcome: AttemptOutcome.LOST } }],
    });
  });

  test("with on_node_loss FAIL, what its node gave back before it started runs elsewhere all the same", async () => {
    const policy = { ...POLICY, onNodeLoss: NodeLossPolicy.FAIL };
    await harness.apply(submit({ jobId: "a", placement: on(1), policy }));
    await harness.apply(report(A, 1, AttemptOutcome.LOST, { startedAtMs: 0 }));
    expect(await execution()).toMatchObject({ status: ExecutionStatus.PENDING, nodeLosses: 1 });
    await harness.apply(assign(A, 2, on(1)));
    await harness.apply(report(A, 2, AttemptOutcome.LOST, { startedAtMs: 5 }));
    expect(await execution()).toMatchObject({ status: ExecutionStatus.FAILED, nodeLosses: 2 });
  });

  test("losses have a limit of their own", async () => {
    await harness.apply(settings({ maxNodeLossesPerExecution: 1 }));
    await harness.apply(submit({ jobId: "a", placement: on(1) }));
    const id = (await harness.store.job("a"))?.latestExecutionId ?? "";
    await harness.apply(lose(1));
    await harness.apply(register(1, { incarnation: 2 }));
    await harness.apply(assign(id, 2, on(1, 2)));
    await harness.apply(lose(1, 2));
    expect(await execution(id)).toMatchObject({ status: ExecutionStatus.FAILED, nodeLosses: 2 });
  });

  test("a cancelled attempt of a lost node ends as CANCELLED", async () => {
    await harness.apply(submit({ jobId: "a", placement: on(1), task: shell("sleep 9") }));
    await harness.apply(cancel("a"));
    await harness.apply(lose(1));
    expect(await harness.store.job("a")).toMatchObject({
      state: JobState.CANCELLED,
      status: ExecutionStatus.CANCELLED,
    });
  });
});
