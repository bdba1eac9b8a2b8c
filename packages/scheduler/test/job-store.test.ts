/** The scheduler on the real job store, in memory, with a log that commits at once. */
import { afterEach, expect, test } from "@jest/globals";
import {
  COMMAND_VERSION, ExecutionStatus, JobStore, MemoryStateDirectory, MisfirePolicy, NodeLossPolicy, encodeCommand,
} from "@coxswain/state-machine";
import type { ApplyResult, CommandBody, Execution, Schedule, SubmitJobs_Item } from "@coxswain/state-machine";
import { Scheduler } from "../src/index.ts";
import type { Proposer } from "../src/index.ts";
import { FakeClock, afterPromises } from "./fake-clock.ts";
import { START_MS } from "./fixture.ts";

/** One replica whose log commits whatever is proposed. */
class Replica implements Proposer {
  readonly clock: FakeClock;
  readonly store: JobStore;
  readonly complaints: string[] = [];
  readonly #incarnations = new Map<number, number>();
  scheduler: Scheduler;
  #index = 0;

  constructor(store: JobStore) {
    this.store = store;
    this.clock = new FakeClock(START_MS, async () => {
      for (let round = 0; round < 8; round++) {
        await afterPromises();
        await store.flush();
      }
    });
    this.scheduler = this.newScheduler();
  }

  static async open(): Promise<Replica> {
    const replica = new Replica(await JobStore.open({ directory: new MemoryStateDirectory() }));
    opened.push(replica);
    return replica;
  }

  newScheduler(): Scheduler {
    const complain = (_: object, message: string): void => void this.complaints.push(message);
    const logger = { debug: () => {}, info: () => {}, warn: complain, error: complain };
    return new Scheduler({ store: this.store, proposer: this, clock: this.clock, logger });
  }

  async propose(body: CommandBody): Promise<ApplyResult> {
    const data = encodeCommand({ version: COMMAND_VERSION, timeMs: this.clock.now(), requestId: "", body });
    const [result] = await this.store.apply([{ index: ++this.#index, term: 1, type: "normal", data }]);
    return result!;
  }

  async register(nodeId: number, capacity: number): Promise<void> {
    const incarnation = (this.#incarnations.get(nodeId) ?? 0) + 1;
    this.#incarnations.set(nodeId, incarnation);
    const value = {
      nodeId, uuid: `uuid-${nodeId}`, incarnation, address: "127.0.0.1:0", executors: ["process"], capacity, adopted: [],
      featureLevel: 0, labels: {}, missingExecutors: {}, executorLimitations: {}, maxLeaseMs: 0,
    };
    await this.propose({ $case: "registerNode", value });
  }

  async live(ms: number, nodeIds: readonly number[]): Promise<void> {
    for (let passed = 0; passed < ms; passed += 500) {
      for (const nodeId of nodeIds) this.scheduler.heartbeat({ nodeId, incarnation: this.#incarnations.get(nodeId)! });
      await this.clock.advance(Math.min(500, ms - passed));
    }
  }

  async submit(jobId: string, given: Partial<SubmitJobs_Item> & { schedule?: Schedule }): Promise<void> {
    const item: SubmitJobs_Item = {
      jobId, owner: "tester", task: { kind: { $case: "process", value: { shell: "true", argv: [], env: {}, workingDirectory: "", limits: undefined } } },
      schedule: undefined, policy, contentHash: new TextEncoder().encode(jobId), nextDueMs: 0, placement: undefined, idTimeMs: 0, ...given,
    };
    const result = await this.propose({ $case: "submitJobs", value: { items: [item] } });
    expect(result).toMatchObject({ kind: "submitted", items: [{ kind: "created" }] });
  }

  async report(execution: Execution, outcome: 1 | 2): Promise<void> {
    const attempt = execution.attempts.at(-1)!;
    const result = {
      outcome, exitCode: outcome - 1, signal: "", errorType: "", errorMessage: "", outputTail: new Uint8Array(), outputBytes: 0,
      httpStatus: undefined, retryable: true,
    };
    const item = {
      executionId: execution.id, attempt: attempt.number, nodeId: attempt.nodeId, nodeIncarnation: attempt.nodeIncarnation,
      startedAtMs: this.clock.now(), endedAtMs: this.clock.now(), result,
    };
    await this.propose({ $case: "reportAttempts", value: { items: [item] } });
  }

  async executions(jobId: string): Promise<readonly Execution[]> {
    const { executions } = await this.store.executionsOf(jobId, { limit: 100 });
    return executions.toReversed();
  }
}

const policy = {
  maxAttempts: 3, timeoutMs: 5_000, retryInitialMs: 1_000, retryMaxMs: 60_000, onNodeLoss: NodeLossPolicy.RETRY,
  misfire: MisfirePolicy.ONCE, priority: 0,
};
const noneTask = { kind: { $case: "none", value: {} } } as const;
const cron = (expression: string): Schedule => ({ kind: { $case: "cron", value: { expression, timeZone: "UTC", firstMs: 0, lastMs: 0 } } });
const at = (atMs: number): Schedule => ({ kind: { $case: "at", value: { atMs } } });

const opened: Replica[] = [];
afterEach(async () => {
  for (const { scheduler, store } of opened.splice(0)) {
    scheduler.stop();
    await store.close();
  }
});

test("recurring and one-time jobs fire once for each occurrence, also under the next leader", async () => {
  const replica = await Replica.open();
  await replica.submit("every5s", { task: noneTask, schedule: cron("*/5 * * * * *"), nextDueMs: START_MS + 5_000 });
  await replica.submit("once", { task: noneTask, schedule: at(START_MS + 12_000), nextDueMs: START_MS + 12_000 });
  replica.scheduler.start(1);
  await replica.clock.advance(10_500);
  replica.scheduler.stop();
  replica.scheduler = replica.newScheduler();
  replica.scheduler.start(2);
  await replica.clock.advance(10_000);
  const dueTimes = (await replica.executions("every5s")).map(({ dueMs }) => dueMs - START_MS);
  expect(dueTimes).toEqual([5_000, 10_000, 15_000, 20_000]);
  expect((await replica.executions("once")).map(({ status }) => status)).toEqual([ExecutionStatus.COMPLETED]);
  expect(replica.complaints).toEqual([]);
});

test("a fired job runs on a node, and what finds no room waits for it", async () => {
  const replica = await Replica.open();
  await replica.register(1, 1);
  replica.scheduler.start(1);
  await replica.live(500, [1]);
  for (const id of ["a", "b"]) await replica.submit(id, { schedule: at(START_MS + 2_000), nextDueMs: START_MS + 2_000 });
  await replica.live(2_000, [1]);
  const [[a], [b]] = [await replica.executions("a"), await replica.executions("b")];
  expect([a?.status, b?.status].toSorted()).toEqual([ExecutionStatus.PENDING, ExecutionStatus.RUNNING]);
  const [first, second] = a?.status === ExecutionStatus.RUNNING ? [a, b] : [b, a];
  await replica.report(first!, 1);
  await replica.live(500, [1]);
  expect((await replica.executions(second!.jobId))[0]?.status).toBe(ExecutionStatus.RUNNING);
});

test("a failed attempt is tried again after its backoff, and its last failure ends it", async () => {
  const replica = await Replica.open();
  await replica.register(1, 4);
  replica.scheduler.start(1);
  await replica.live(500, [1]);
  await replica.submit("a", {});
  for (const waitMs of [0, 1_000, 2_000]) {
    await replica.live(waitMs + 500, [1]);
    const [execution] = await replica.executions("a");
    expect(execution?.status).toBe(ExecutionStatus.RUNNING);
    await replica.report(execution!, 2);
  }
  const [execution] = await replica.executions("a");
  expect({ status: execution?.status, attempts: execution?.attempts.length }).toEqual({ status: ExecutionStatus.FAILED, attempts: 3 });
});

test("an attempt beyond its deadline is asked to stop", async () => {
  const replica = await Replica.open();
  await replica.register(1, 4);
  replica.scheduler.start(1);
  await replica.live(500, [1]);
  await replica.submit("a", {});
  await replica.live(14_000, [1]);
  expect((await replica.executions("a"))[0]?.stopRequested).toBe(0);
  await replica.live(2_000, [1]);
  expect((await replica.executions("a"))[0]?.stopRequested).toBe(2);
});

test("what a lost node ran is taken up by another", async () => {
  const replica = await Replica.open();
  await replica.register(1, 4);
  replica.scheduler.start(1);
  await replica.live(500, [1]);
  await replica.submit("a", {});
  await replica.live(500, [1]);
  await replica.register(2, 4);
  await replica.live(8_000, [2]);
  const [execution] = await replica.executions("a");
  expect(execution?.attempts.map(({ nodeId }) => nodeId)).toEqual([1, 2]);
  expect(execution?.status).toBe(ExecutionStatus.RUNNING);
  expect(replica.store.node(1)?.lost).toBe(true);
});
