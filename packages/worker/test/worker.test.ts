import { expect, test } from "@jest/globals";
import { MemoryExecutor, MemoryGuard, OutputBuffer, silentLogger } from "@coxswain/executor";
import type { Executor, MemoryScript, RunningTask } from "@coxswain/executor";
import { AttemptOutcome, StopReason } from "@coxswain/state-machine";
import { Lease } from "../src/lease.ts";
import { Worker } from "../src/worker.ts";
import { FakeReports, FakeStore, MemoryResults, reportOf } from "./fakes.ts";
import { HandClock, settle } from "./hand-clock.ts";

const hanging = (): MemoryScript => ({ end: "hang" });

function setUp(options: { script?: () => MemoryScript; executor?: Executor; lease?: boolean } = {}) {
  const clock = new HandClock();
  const store = new FakeStore();
  const reports = new FakeReports();
  const results = new MemoryResults();
  const lease = new Lease(clock);
  const executor = new MemoryExecutor(options.script === undefined ? {} : { script: options.script });
  const worker = new Worker({
    nodeId: 1,
    incarnation: 7,
    store,
    executors: new Map([["process", options.executor ?? executor]]),
    reports,
    results,
    lease,
    guard: new MemoryGuard(),
    clock,
    logger: silentLogger,
  });
  if (options.lease !== false) lease.renewed(clock.nowMs, 5_000);
  return { clock, store, reports, results, lease, executor, worker };
}

test("an assigned attempt runs and its result is reported with its fence", async () => {
  const { worker, store, reports } = setUp();
  worker.start();
  store.assign("a.1.1");
  await reports.untilCommitted(1);
  expect(reports.reports[0]).toMatchObject({ executionId: "a.1.1", attempt: 1, nodeId: 1, nodeIncarnation: 7 });
  expect(reports.reports[0]?.result?.outcome).toBe(AttemptOutcome.SUCCEEDED);
});

test("the output of an attempt is followed while it runs and found after its end, to the exit record", async () => {
  const script = (): MemoryScript => ({ output: [{ stream: "stdout", bytes: Buffer.from("hello") }], end: "hang" });
  const { worker, store, reports, executor } = setUp({ script });
  worker.start();
  store.assign("a.1.1");
  await executor.untilStarted(1);
  await settle();
  const kinds = async (): Promise<string[]> => {
    const seen: string[] = [];
    for await (const { kind } of worker.output("a.1.1", 1)!.reader()) seen.push(kind);
    return seen;
  };
  expect(Buffer.from(worker.outputTail("a.1.1", 1, 3)!).toString()).toBe("llo");
  const following = kinds();
  executor.running[0]!.finish(3);
  expect(await following).toEqual(["chunk", "exit"]);
  await reports.untilCommitted(1);
  expect(await kinds()).toEqual(["chunk", "exit"]);
  expect(worker.outputTail("a.1.1", 1, 3)).toBeUndefined();
  expect(worker.output("a.1.1", 2)).toBeUndefined();
});

test("attempts run side by side (a node of an origin system ran its jobs one after another)", async () => {
  const { worker, store, executor } = setUp({ script: hanging });
  worker.start();
  for (const id of ["a.1.1", "b.1.1", "c.1.1"]) store.assign(id);
  await executor.untilStarted(3);
  expect(executor.running).toHaveLength(3);
});

test("what was assigned before the start is found without an event (G2)", async () => {
  const { worker, store, executor } = setUp({ script: hanging });
  store.attempts.push({ executionId: "a.1.1", jobId: "a", attempt: 1, nodeId: 1, nodeIncarnation: 7, stopRequested: StopReason.UNSPECIFIED });
  worker.start();
  await executor.untilStarted(1);
  expect(executor.started).toEqual([{ executionId: "a.1.1", attempt: 1 }]);
});

test("what is assigned to another incarnation or another node is never started (G2)", async () => {
  const { worker, store, executor, reports } = setUp();
  worker.start();
  store.assign("old.1.1", { nodeIncarnation: 6 });
  store.assign("other.1.1", { nodeId: 2 });
  store.assign("mine.1.1");
  await reports.untilCommitted(1);
  expect(executor.started).toEqual([{ executionId: "mine.1.1", attempt: 1 }]);
});

test("an attempt is started once, however many hints come, also after its result is known", async () => {
  const { worker, store, executor, reports } = setUp();
  worker.start();
  store.assign("a.1.1");
  store.emit("restored");
  await reports.untilCommitted(1);
  store.emit("restored");
  store.emit("assigned");
  await settle();
  expect(executor.started).toHaveLength(1);
});

test("nothing starts without a lease; it starts when the lease is held (G12)", async () => {
  const { clock, worker, store, executor, lease } = setUp({ lease: false, script: hanging });
  worker.start();
  store.assign("a.1.1");
  await settle();
  expect(executor.started).toEqual([]);
  lease.renewed(clock.nowMs, 5_000);
  await executor.untilStarted(1);
});

test("when the lease ends, every attempt is ended and reported as lost", async () => {
  const { clock, worker, store, executor, reports } = setUp({ script: hanging });
  worker.start();
  store.assign("a.1.1");
  await executor.untilStarted(1);
  await settle();
  clock.advance(5_000);
  await reports.untilCommitted(1);
  expect(executor.running).toEqual([]);
  expect(reports.reports[0]?.result?.outcome).toBe(AttemptOutcome.LOST);
});

test("a requested stop ends the attempt; the report says stopped (G11)", async () => {
  const { worker, store, executor, reports } = setUp({ script: hanging });
  worker.start();
  store.assign("a.1.1");
  await executor.untilStarted(1);
  store.requestStop("a.1.1");
  await reports.untilCommitted(1);
  expect(reports.reports[0]?.result?.outcome).toBe(AttemptOutcome.STOPPED);
});

test("a stop waits as long as the cancel says, else as the worker does; a second one with a shorter grace takes effect", async () => {
  const graces: number[] = [];
  const stubborn: Executor = {
    kind: "process",
    available: async () => ({ ok: true }),
    close: async () => {},
    start: async (_spec, { ref }) => ({
      ref,
      output: new OutputBuffer({ capacityBytes: 1 }),
      result: new Promise(() => {}),
      stop: async (graceMs) => void graces.push(graceMs),
    }),
  };
  const { store, worker } = setUp({ executor: stubborn });
  worker.start();
  store.assign("a.1.1");
  store.assign("b.1.1");
  await settle();
  store.requestStop("a.1.1");
  await settle();
  store.requestStop("b.1.1", 60_000);
  await settle();
  store.requestStop("b.1.1", 0);
  await settle();
  expect([...new Set(graces)]).toEqual([5_000, 60_000, 0]);
});

test("whoever asks for the output of an attempt that is starting waits for it, or until there will be none", async () => {
  let start: (task: RunningTask) => void = () => {};
  let refuse: (error: Error) => void = () => {};
  const slow: Executor = {
    kind: "process",
    available: async () => ({ ok: true }),
    close: async () => {},
    start: (_spec, { ref }) =>
      new Promise((resolve, reject) => {
        refuse = reject;
        start = resolve as typeof start;
        void ref;
      }),
  };
  const { store, worker } = setUp({ executor: slow });
  worker.start();
  const { signal } = new AbortController();
  expect(await worker.outputOnceStarted("a.1.1", 1, signal)).toBeUndefined();
  store.assign("a.1.1");
  await settle();
  const output = worker.outputOnceStarted("a.1.1", 1, signal);
  const leaving = new AbortController();
  const left = worker.outputOnceStarted("a.1.1", 1, leaving.signal);
  leaving.abort(new Error("left"));
  await expect(left).rejects.toThrow("left");
  start({ ref: { executionId: "a.1.1", attempt: 1 }, output: new OutputBuffer({ capacityBytes: 1 }), result: new Promise(() => {}), stop: async () => {} });
  expect(await output).toBe(worker.output("a.1.1", 1));
  expect(await output).toBeDefined();
  store.assign("b.1.1");
  await settle();
  const none = worker.outputOnceStarted("b.1.1", 1, signal);
  refuse(new Error("cannot start"));
  expect(await none).toBeUndefined();
});

test("an attempt that the cluster ended is killed here", async () => {
  const { worker, store, executor } = setUp({ script: hanging });
  worker.start();
  store.assign("a.1.1");
  await executor.untilStarted(1);
  await settle();
  store.end("a.1.1");
  await settle();
  expect(executor.running).toEqual([]);
});

test("a result is forgotten when the own state shows the end, not before (G14)", async () => {
  const { worker, store, reports, results } = setUp();
  worker.start();
  store.assign("a.1.1");
  await reports.untilCommitted(1);
  expect(results.kept).toEqual(["a.1.1#1"]);
  store.end("a.1.1");
  await settle();
  expect(results.kept).toEqual([]);
});

test("results of an earlier start are reported before this one registers, and run no second time", async () => {
  const { worker, reports, results, executor } = setUp();
  await results.put([{ ...reportOf("a.1.1"), nodeIncarnation: 6 }]);
  await worker.reportLeftovers();
  expect(reports.committed).toEqual(["a.1.1#1"]);
  worker.start();
  await settle();
  expect(executor.started).toEqual([]);
  expect(results.kept).toEqual([]);
});

test("a node that was given up ends what runs here before it comes back as a new incarnation (G2)", async () => {
  const { worker, store, executor } = setUp({ script: hanging });
  worker.start();
  store.assign("a.1.1");
  await executor.untilStarted(1);
  await settle();
  await worker.reincarnate(8);
  expect(executor.running).toEqual([]);
  store.end("a.1.1");
  store.assign("a.1.1", { attempt: 2, nodeIncarnation: 8 });
  await executor.untilStarted(2);
  expect(executor.started[1]).toEqual({ executionId: "a.1.1", attempt: 2 });
});

test("the result of what ended before the node was given up is kept and reported until the state shows the end (G14)", async () => {
  const { clock, worker, store, reports, results } = setUp();
  reports.failures = 1;
  worker.start();
  store.assign("a.1.1");
  await reports.untilTried(1);
  await worker.reincarnate(8);
  store.emit("restored");
  await settle();
  expect(results.kept).toEqual(["a.1.1#1"]);
  clock.advance(50);
  await reports.untilCommitted(1);
  expect(reports.reports[0]).toMatchObject({ nodeIncarnation: 7, result: { outcome: AttemptOutcome.SUCCEEDED } });
  store.end("a.1.1");
  await settle();
  expect(results.kept).toEqual([]);
});

test("a drain lets what runs finish, starts nothing new and gives back what is assigned meanwhile", async () => {
  const { worker, store, executor, reports } = setUp({ script: hanging });
  worker.start();
  store.assign("a.1.1");
  await executor.untilStarted(1);
  await settle();
  const stopped = worker.stop({ drainMs: 30_000, reportMs: 2_000 });
  store.assign("late.1.1");
  await reports.untilCommitted(1);
  expect(reports.reports[0]).toMatchObject({ executionId: "late.1.1", result: { outcome: AttemptOutcome.LOST } });
  store.end("late.1.1");
  executor.running[0]?.finish(0);
  await reports.untilCommitted(2);
  store.end("a.1.1");
  await stopped;
  expect(reports.reports[1]?.result?.outcome).toBe(AttemptOutcome.SUCCEEDED);
});

test("what outlasts the drain is ended and reported as lost; then nothing is left", async () => {
  const { clock, worker, store, executor, reports } = setUp({ script: hanging });
  worker.start();
  store.assign("a.1.1");
  await executor.untilStarted(1);
  await settle();
  const stopped = worker.stop({ drainMs: 3_000, reportMs: 500 });
  clock.advance(3_000);
  await reports.untilCommitted(1);
  store.end("a.1.1");
  await stopped;
  expect(reports.reports[0]?.result?.outcome).toBe(AttemptOutcome.LOST);
  expect(store.listening).toBe(0);
});

test("an attempt that never ran because of this node's own fault uses up no try of the job", async () => {
  const { worker, store, executor, reports } = setUp();
  store.broken = new Error("the disk is gone");
  worker.start();
  store.assign("a.1.1");
  await reports.untilCommitted(1);
  expect(executor.started).toEqual([]);
  expect(reports.reports[0]).toMatchObject({ startedAtMs: 0, result: { outcome: AttemptOutcome.LOST } });
});

/** A worker whose executor is held up between being asked to start and starting. */
function withSlowStart() {
  const parts = setUp();
  const memory = new MemoryExecutor({ script: hanging });
  let letGo: () => void = () => {};
  const gate = new Promise<void>((resolve) => (letGo = resolve));
  let entered: () => void = () => {};
  const starting = new Promise<void>((resolve) => (entered = resolve));
  const slow: Executor = {
    kind: "process",
    available: () => memory.available(),
    close: () => memory.close(),
    start: async (spec, context) => {
      entered();
      await gate;
      return await memory.start(spec, context);
    },
  };
  const { store, reports, results, lease, clock } = parts;
  const worker = new Worker({
    ...{ nodeId: 1, incarnation: 7, store, reports, results, lease, clock },
    executors: new Map([["process", slow]]),
    guard: new MemoryGuard(),
    logger: silentLogger,
  });
  return { ...parts, worker, memory, starting, letGo };
}

test("the lease ends while the executor starts: the task is ended as soon as it is there, and is lost", async () => {
  const { clock, worker, store, reports, memory, starting, letGo } = withSlowStart();
  worker.start();
  store.assign("a.1.1");
  await starting;
  clock.advance(5_000);
  letGo();
  await reports.untilCommitted(1);
  expect(memory.running).toEqual([]);
  expect(reports.reports[0]?.result?.outcome).toBe(AttemptOutcome.LOST);
});

test("an executor that refuses after the lease was lost has not failed the attempt: it is lost", async () => {
  const { clock, worker, store, reports, memory, starting, letGo } = withSlowStart();
  worker.start();
  store.assign("a.1.1");
  await starting;
  clock.advance(5_000);
  await memory.close();
  letGo();
  await reports.untilCommitted(1);
  expect(reports.reports[0]?.result?.outcome).toBe(AttemptOutcome.LOST);
});

test("a result that arrives while the node drains is reported before the stop resolves", async () => {
  const { worker, store, executor, reports } = setUp({ script: hanging });
  reports.failures = 1;
  worker.start();
  store.assign("a.1.1");
  await executor.untilStarted(1);
  await settle();
  let stopped = false;
  const stop = worker.stop({ drainMs: 30_000, reportMs: 2_000 }).then(() => (stopped = true));
  executor.running[0]?.finish(0);
  await reports.untilTried(1);
  await settle();
  expect(stopped).toBe(false);
  store.end("a.1.1");
  await stop;
});

test("a worker that was stopped before it started stays so and hears nothing", async () => {
  const { worker, store, executor } = setUp();
  await worker.stop({ drainMs: 0, reportMs: 0 });
  worker.start();
  store.assign("a.1.1");
  await settle();
  expect(store.listening).toBe(0);
  expect(executor.started).toEqual([]);
});
