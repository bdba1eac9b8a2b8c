/** Attempts of an earlier start that go on under the present one (G2). */
import { beforeEach, describe, expect, test } from "@jest/globals";
import { MemoryExecutor, MemoryGuard, silentLogger } from "@coxswain/executor";
import type { AttemptRef, MemoryTask } from "@coxswain/executor";
import { AttemptOutcome, ExecutionStatus, StopReason } from "@coxswain/state-machine";
import type { Execution } from "@coxswain/state-machine";
import { Lease } from "../src/lease.ts";
import { Worker } from "../src/worker.ts";
import { FakeReports, FakeStore, MemoryResults, reportOf } from "./fakes.ts";
import { HandClock, settle } from "./hand-clock.ts";

const A: AttemptRef = { executionId: "a.1.1", attempt: 1 };
const B: AttemptRef = { executionId: "b.1.1", attempt: 1 };

let clock: HandClock;
let store: FakeStore;
let reports: FakeReports;
let results: MemoryResults;
let lease: Lease;
let earlier: MemoryExecutor;
let executor: MemoryExecutor;
let worker: Worker;

/** What an earlier start of the node runs when it is killed. */
async function leave(ref: AttemptRef): Promise<MemoryTask> {
  const task = { kind: "process", shell: "true" } as const;
  const context = { ref, jobId: "j", dueMs: 0, guard: new MemoryGuard(), logger: silentLogger, clock };
  return earlier.start({ task, timeoutMs: 60_000 }, context);
}

beforeEach(() => {
  clock = new HandClock();
  store = new FakeStore();
  reports = new FakeReports();
  results = new MemoryResults();
  lease = new Lease(clock);
  earlier = new MemoryExecutor({ script: () => ({ end: "hang" }) });
  executor = new MemoryExecutor({ script: () => ({ end: "hang" }), predecessor: earlier });
  worker = new Worker({
    ...{ nodeId: 1, incarnation: 7, store, reports, results, lease, clock },
    executors: new Map([["process", executor]]),
    guard: new MemoryGuard(),
    logger: silentLogger,
  });
});

/** As the leader's answer to a registration that named what was adopted. */
function registered(...adopted: AttemptRef[]): void {
  for (const { executionId, attempt } of adopted) store.assign(executionId, { attempt });
  worker.start();
  lease.renewed(clock.nowMs, 5_000);
}

describe("an attempt of an earlier start that still runs", () => {
  test("goes on, is started no second time, and its result is reported under the new incarnation", async () => {
    const task = await leave(A);
    expect(await worker.adopt()).toEqual([A]);
    await executor.reap();
    registered(A);
    await settle();
    expect(worker.runningCount).toBe(1);
    expect(executor.started).toEqual([]);
    task.output.write(Buffer.from("bye"), "stdout");
    expect(Buffer.from(worker.outputTail("a.1.1", 1, 10)!).toString()).toBe("bye");
    task.finish(3);
    await reports.untilCommitted(1);
    expect(reports.reports[0]).toMatchObject({ ...A, nodeIncarnation: 7, result: { exitCode: 3, outcome: AttemptOutcome.FAILED } });
    expect(worker.runningCount).toBe(0);
  });

  test("is adopted though the state, which is behind, does not know it yet", async () => {
    await leave(A);
    store.execution = async () => undefined as unknown as Execution;
    expect(await worker.adopt()).toEqual([A]);
  });

  test("is not adopted when the state calls it over, and is reaped", async () => {
    const task = await leave(A);
    store.execution = async () => ({ status: ExecutionStatus.COMPLETED, attempts: [{ number: 1 }] }) as Execution;
    expect(await worker.adopt()).toEqual([]);
    await executor.reap();
    expect((await task.result).outcome).toBe("stopped");
  });

  test("is ended when the registration refuses it; the others go on", async () => {
    const [refused, adopted] = [await leave(A), await leave(B)];
    await worker.adopt();
    registered(B);
    expect((await refused.result).outcome).toBe("stopped");
    await settle();
    expect(executor.running).toEqual([adopted]);
    expect(reports.reports).toEqual([]);
  });

  test("and has ended before the registration was applied: its result is reported, and it does not run again", async () => {
    const task = await leave(A);
    await worker.adopt();
    task.finish(0);
    await settle();
    registered(A);
    await reports.untilCommitted(1);
    expect(reports.reports[0]).toMatchObject({ ...A, nodeIncarnation: 7, result: { outcome: AttemptOutcome.SUCCEEDED } });
    expect(executor.started).toEqual([]);
  });

  test("is stopped with its grace when that was asked meanwhile (G11)", async () => {
    await leave(A);
    await worker.adopt();
    store.assign(A.executionId, { stopRequested: StopReason.CANCEL });
    worker.start();
    await reports.untilCommitted(1);
    expect(reports.reports[0]?.result?.outcome).toBe(AttemptOutcome.STOPPED);
  });

  test("is lost with the lease like any other", async () => {
    await leave(A);
    await worker.adopt();
    registered(A);
    await settle();
    clock.advance(5_000);
    await reports.untilCommitted(1);
    expect(reports.reports[0]?.result?.outcome).toBe(AttemptOutcome.LOST);
  });

  test("ends when the cluster gave the node up before the registration, or the node stops", async () => {
    const task = await leave(A);
    await worker.adopt();
    await worker.reincarnate(8);
    expect((await task.result).outcome).toBe("stopped");
    const other = await leave(B);
    await worker.adopt();
    await worker.stop({ drainMs: 0, reportMs: 0 });
    expect((await other.result).outcome).toBe("stopped");
  });
});

describe("an attempt of an earlier start whose result is on disk", () => {
  test("is reported before this start registers, and is not adopted as well (G14)", async () => {
    const task = await leave(A);
    await results.put([{ ...reportOf(A.executionId), nodeIncarnation: 6 }]);
    expect(await worker.adopt()).toEqual([]);
    await executor.reap();
    expect((await task.result).outcome).toBe("stopped");
    await worker.reportLeftovers();
    expect(reports.reports).toMatchObject([{ ...A, nodeIncarnation: 6 }]);
    registered();
    await settle();
    expect(reports.reports).toHaveLength(1);
    expect(executor.started).toEqual([]);
  });
});

test("an executor that cannot say what it left has nothing to adopt; the others do", async () => {
  await leave(A);
  const silent = new MemoryExecutor({ kind: "docker" });
  silent.leftovers = () => Promise.reject(new Error("the engine does not answer"));
  const two = new Worker({
    ...{ nodeId: 1, incarnation: 7, store, reports, results, lease, clock },
    executors: new Map([["docker", silent], ["process", executor]]),
    guard: new MemoryGuard(),
    logger: silentLogger,
  });
  expect(await two.adopt()).toEqual([A]);
});
