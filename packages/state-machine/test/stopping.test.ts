import { beforeEach, describe, expect, test } from "@jest/globals";
import { AttemptOutcome, ExecutionStatus, JobState, StopReason } from "../src/index.ts";
import { ignored, items } from "./support/answers.ts";
import { cancel, deadline, on, POLICY, register, report, submit } from "./support/bodies.ts";
import { Harness } from "./support/harness.ts";

const A = "a.2.1";
let harness: Harness;
beforeEach(async () => {
  harness = await Harness.open();
  await harness.apply(register(1, { capacity: 1 }));
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
    const attempts = await Promise.all([A, "b.4.1"].map(async (id) => (await harness.execution(id)).attempts[0]!));
    expect(attempts.map(marginOf)).toEqual([10_000, 3_600_000]);
  });

  test("a deadline asks the attempt to stop and leaves capacity taken until it did", async () => {
    const { deadlineMs } = (await harness.execution(A)).attempts[0] ?? { deadlineMs: 0 };
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
    expect(await harness.execution(A)).toMatchObject({
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
    expect(await harness.execution(A)).toMatchObject({ status: ExecutionStatus.FAILED, retryAtMs: 0 });
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
    expect(await harness.execution(A)).toMatchObject({ status: ExecutionStatus.CANCELLED });
    expect((await harness.execution(A))?.stopGraceMs).toBeUndefined();
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
    expect(await harness.execution(A)).toMatchObject({ status: ExecutionStatus.PENDING, retryAtMs: 0, nodeLosses: 1 });
  });
});
