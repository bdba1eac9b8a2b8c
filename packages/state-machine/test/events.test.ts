import { beforeEach, describe, expect, test } from "@jest/globals";
import {
  AttemptOutcome,
  ExecutionStatus,
  JobState,
  StopReason,
  type JobStoreEventName,
} from "../src/index.ts";
import { cancel, cron, drain, lose, on, register, report, retry, submit } from "./support/bodies.ts";
import { Harness } from "./support/harness.ts";

const NAMES: JobStoreEventName[] = [
  "assigned",
  "stopRequested",
  "attemptEnded",
  "queued",
  "due",
  "nodeChanged",
  "capacityFreed",
  "jobChanged",
];
let harness: Harness;
let heard: [string, unknown][];

async function hear(action: () => Promise<unknown>): Promise<[string, unknown][]> {
  heard = [];
  await action();
  await harness.store.flush();
  await Promise.resolve();
  return heard;
}

beforeEach(async () => {
  harness = await Harness.open();
  await harness.apply(register(1));
  await harness.store.flush();
  heard = [];
  for (const name of NAMES) harness.store.on(name, (payload) => heard.push([name, payload]));
});

describe("events (G2)", () => {
  test("a job that runs at once tells its node", async () => {
    const events = await hear(() => harness.apply(submit({ jobId: "a", placement: on(1) })));
    expect(events).toEqual([
      ["assigned", { executionId: "a.2.1", jobId: "a", attempt: 1, nodeId: 1, nodeIncarnation: 1 }],
      ["due", { kind: "deadline", atMs: 1_070_000, executionId: "a.2.1", attempt: 1 }],
      [
        "jobChanged",
        { jobId: "a", owner: "ada", state: JobState.ACTIVE, status: ExecutionStatus.RUNNING, removed: false },
      ],
    ]);
  });

  test("waiting, due, stopping, ending and nodes are told", async () => {
    expect((await hear(() => harness.apply(submit({ jobId: "b" }))))[0]).toEqual([
      "queued",
      { executionId: "b.2.1", executor: "process" },
    ]);
    expect((await hear(() => harness.apply(cron("c", 5_000)))).map(([name]) => name)).toEqual([
      "jobChanged",
      "due",
    ]);
    await harness.apply(submit({ jobId: "a", placement: on(1) }));
    const [stop] = await hear(() => harness.apply(cancel("a")));
    expect(heard).toContainEqual([
      "stopRequested",
      { executionId: "a.4.1", attempt: 1, nodeId: 1, nodeIncarnation: 1, reason: StopReason.CANCEL },
    ]);
    expect(stop).toBeDefined();
    const sooner = await hear(() => harness.apply(cancel("a", "", "", 0)));
    expect(sooner.map(([name]) => name)).toEqual(["stopRequested"]);
    expect(await hear(() => harness.apply(cancel("a", "", "", 5)))).toEqual([]);
    const ends = await hear(() => harness.apply(report("a.4.1", 1, AttemptOutcome.STOPPED)));
    expect(ends.slice(0, 2)).toEqual([
      [
        "attemptEnded",
        { executionId: "a.4.1", jobId: "a", attempt: 1, nodeId: 1, status: ExecutionStatus.CANCELLED },
      ],
      ["capacityFreed", { nodeId: 1 }],
    ]);
    expect(await hear(() => harness.apply(drain(1)))).toEqual([["nodeChanged", { nodeId: 1 }]]);
    expect(await hear(() => harness.apply(drain(1, false)))).toEqual([
      ["nodeChanged", { nodeId: 1 }],
      ["capacityFreed", { nodeId: 1 }],
    ]);
  });

  test("an adopted attempt is told under its new incarnation, a lost one as ended", async () => {
    await harness.apply(submit({ jobId: "a", placement: on(1) }));
    const adopted = [{ executionId: "a.2.1", attempt: 1 }];
    const events = await hear(() => harness.apply(register(1, { incarnation: 2, adopted })));
    expect(events).toContainEqual([
      "assigned",
      { executionId: "a.2.1", jobId: "a", attempt: 1, nodeId: 1, nodeIncarnation: 2 },
    ]);
    const lost = await hear(() => harness.apply(lose(1, 2)));
    expect(lost.map(([name]) => name)).toEqual(
      expect.arrayContaining(["attemptEnded", "queued", "nodeChanged"]),
    );
  });

  test("a retry tells when it is due, and that it queues", async () => {
    await harness.apply(submit({ jobId: "a", placement: on(1) }));
    const events = await hear(() => harness.apply(report("a.2.1", 1, AttemptOutcome.FAILED)));
    expect(events).toContainEqual(["due", { kind: "retry", atMs: 1_001_000, executionId: "a.2.1" }]);
    expect((await hear(() => harness.apply(retry("a.2.1", 1_001_000))))[0]).toEqual([
      "queued",
      { executionId: "a.2.1", executor: "process" },
    ]);
  });

  test("come before the write: the log has what the disk has not", async () => {
    let durableThen = -1;
    harness.store.on("queued", () => {
      durableThen = harness.store.durable().index;
    });
    await hear(() => harness.apply(submit({ jobId: "a" })));
    expect(durableThen).toBe(1);
  });

  test("a removed listener hears nothing; one that throws harms nobody", async () => {
    const errors: unknown[] = [];
    const other = await Harness.open({ onListenerError: (error) => errors.push(error) });
    let calls = 0;
    other.store.on("queued", () => {
      throw new Error("mine");
    });
    const off = other.store.on("queued", () => {
      calls += 1;
    });
    await other.apply(submit({ jobId: "a" }));
    await other.store.flush();
    off();
    await other.apply(submit({ jobId: "b" }));
    await other.store.flush();
    await Promise.resolve();
    expect([calls, errors.length]).toEqual([1, 2]);
  });
});
