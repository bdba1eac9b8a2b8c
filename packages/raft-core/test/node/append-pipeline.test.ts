import { expect, test } from "@jest/globals";
import type { AppendBatch, LogStorage, Message } from "../../src/index.ts";
import { AppendPipeline } from "../../src/node/append-pipeline.ts";
import { eventLoopTurn } from "./cluster.ts";

interface Under {
  readonly pipeline: AppendPipeline;
  /** What the pipeline did, in order. */
  readonly log: string[];
  /** The ends of the appends under way, by batch id. */
  readonly ends: Map<number, { resolve(): void; reject(error: Error): void }>;
}

function under(): Under {
  const log: string[] = [];
  const ends: Under["ends"] = new Map();
  const append = (batch: AppendBatch): Promise<void> =>
    new Promise((resolve, reject) => {
      log.push(`append ${batch.id}`);
      ends.set(batch.id, { resolve, reject });
    });
  const pipeline = new AppendPipeline({ append } as Partial<LogStorage> as LogStorage, {
    onDurable: (id) => log.push(`durable ${id}`),
    send: (messages) => log.push(...messages.map(({ term }) => `send ${term}`)),
    onFailed: (error) => log.push(`failed ${(error as Error).message}`),
  });
  return { pipeline, log, ends };
}

const batch = (id: number): AppendBatch => ({ id, entries: [] });
const message = (term: number): Message => ({ type: "timeoutNow", from: 1, to: 2, term });

test("a message leaves only after its write and all earlier ones are durable", async () => {
  const { pipeline, log, ends } = under();
  pipeline.push(1, batch(1), [message(10)]);
  pipeline.push(2, batch(2), [message(20)]);
  ends.get(2)?.resolve();
  await eventLoopTurn();
  expect(log).toEqual(["append 1", "append 2"]);
  ends.get(1)?.resolve();
  await eventLoopTurn();
  expect(log.slice(2)).toEqual(["durable 1", "send 10", "durable 2", "send 20"]);
});

test("messages without a write of their own wait for earlier writes, and for nothing otherwise", async () => {
  const { pipeline, log, ends } = under();
  pipeline.push(1, undefined, [message(10)]);
  expect(log).toEqual(["send 10"]);
  pipeline.push(2, batch(2), []);
  pipeline.push(3, undefined, [message(30)]);
  expect(pipeline.pendingWrites).toBe(1);
  ends.get(2)?.resolve();
  await eventLoopTurn();
  expect(log).toEqual(["send 10", "append 2", "durable 2", "send 30"]);
});

test("scenario 5: after one failed write nothing is reported durable, whatever succeeds later", async () => {
  const { pipeline, log, ends } = under();
  pipeline.push(1, batch(1), [message(10)]);
  pipeline.push(2, batch(2), [message(20)]);
  pipeline.push(3, batch(3), [message(30)]);
  ends.get(2)?.reject(new Error("EIO"));
  await eventLoopTurn();
  ends.get(1)?.resolve();
  ends.get(3)?.resolve();
  await eventLoopTurn();
  pipeline.push(4, batch(4), [message(40)]);
  pipeline.push(5, undefined, [message(50)]);
  await pipeline.idle();
  expect(log).toEqual(["append 1", "append 2", "append 3", "failed EIO"]);
});

test("a storage that throws instead of rejecting has failed too", () => {
  const failed: unknown[] = [];
  const append = (): Promise<void> => {
    throw new Error("EIO");
  };
  const pipeline = new AppendPipeline({ append } as Partial<LogStorage> as LogStorage, {
    onDurable: () => {},
    send: () => {},
    onFailed: (error) => failed.push(error),
  });
  pipeline.push(1, batch(1), []);
  expect(failed).toHaveLength(1);
});

test("any other operation on the storage shares the rule of failure", async () => {
  const { pipeline, log, ends } = under();
  pipeline.push(1, batch(1), [message(10)]);
  expect(await pipeline.run(() => Promise.reject(new Error("ENOSPC")))).toBe(false);
  ends.get(1)?.resolve();
  await pipeline.idle();
  expect(log).toEqual(["append 1", "failed ENOSPC"]);
  expect(await pipeline.run(() => Promise.resolve())).toBe(false);
});
