import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { OutputBudget, OutputBuffer, silentLogger } from "@coxswain/executor";
import type { TaskResult } from "@coxswain/executor";
import { OutputSpool } from "../../src/output/output-spool.ts";
import { Outputs } from "../../src/output/outputs.ts";
import { collect, shown } from "./records.ts";

const result: TaskResult = { outcome: "failed", signal: "SIGKILL", errorType: "SIGNAL", retryable: true, startedAtMs: 1, endedAtMs: 2 };
const budget = new OutputBudget({ totalBytes: 1024 * 1024 });
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function running(outputs: Outputs, executionId: string) {
  const buffer = new OutputBuffer({ capacityBytes: 1_000, budget });
  let end: () => void = () => {};
  const ended = new Promise<TaskResult>((resolve) => (end = () => resolve(result)));
  outputs.follow({ executionId, attempt: 1 }, buffer, ended);
  return { buffer, end: () => (buffer.end(), end()) };
}

test("a reader follows a running attempt to its exit record", async () => {
  const outputs = new Outputs({ spool: undefined, keptInMemory: 1, logger: silentLogger });
  const { buffer, end } = running(outputs, "a");
  const seen = collect(outputs.of({ executionId: "a", attempt: 1 })!.reader());
  buffer.write(Buffer.from("abc"), "stdout");
  await settle();
  buffer.write(Buffer.from("def"), "stdout");
  end();
  expect(shown(await seen)).toEqual([
    { offset: 0, stream: "stdout", text: "abcdef" },
    { kind: "exit", offset: 6, outcome: "failed", signal: "SIGKILL", errorType: "SIGNAL" },
  ]);
  expect(buffer.readerCount).toBe(0);
});

test("case 10: a reader that joins after the end gets what is kept, then the exit record, then the end", async () => {
  const outputs = new Outputs({ spool: undefined, keptInMemory: 1, logger: silentLogger });
  const { buffer, end } = running(outputs, "a");
  buffer.write(Buffer.from("abc"), "stdout");
  end();
  await settle();
  const records = await collect(outputs.of({ executionId: "a", attempt: 1 })!.reader({ tailBytes: 2 }));
  expect(records.map(({ kind }) => kind)).toEqual(["begin", "chunk", "exit"]);
});

test("a tail says where it begins before there is anything to read", async () => {
  const outputs = new Outputs({ spool: undefined, keptInMemory: 1, logger: silentLogger });
  const { buffer } = running(outputs, "a");
  buffer.write(Buffer.from("abc"), "stdout");
  const reader = outputs.of({ executionId: "a", attempt: 1 })!.reader({ tailBytes: 0 });
  expect(await reader.next()).toEqual({ done: false, value: { kind: "begin", offset: 3 } });
  await reader.return();
  expect(buffer.readerCount).toBe(0);
});

test("a reader that does not follow goes on to the exit when the attempt ends while it reads", async () => {
  const outputs = new Outputs({ spool: undefined, keptInMemory: 1, logger: silentLogger });
  const { buffer, end } = running(outputs, "a");
  buffer.write(Buffer.from("abc"), "stdout");
  const reader = outputs.of({ executionId: "a", attempt: 1 })!.reader({ noFollow: true });
  const first = await reader.next();
  buffer.write(Buffer.from("def"), "stdout");
  end();
  const seen = [first.value!, ...(await collect(reader))];
  expect(shown(seen)).toEqual([
    { offset: 0, stream: "stdout", text: "abcdef" },
    { kind: "exit", offset: 6, outcome: "failed", signal: "SIGKILL", errorType: "SIGNAL" },
  ]);
});

test("a reader that does not follow ends with what is there: without the exit while it runs, with it afterwards", async () => {
  const outputs = new Outputs({ spool: undefined, keptInMemory: 1, logger: silentLogger });
  const { buffer, end } = running(outputs, "a");
  const output = outputs.of({ executionId: "a", attempt: 1 })!;
  expect(await collect(output.reader({ noFollow: true }))).toEqual([]);
  buffer.write(Buffer.from("abc"), "stdout");
  expect(shown(await collect(output.reader({ noFollow: true })))).toEqual([{ offset: 0, stream: "stdout", text: "abc" }]);
  expect(await collect(output.reader({ noFollow: true, offset: 3 }))).toEqual([]);
  expect(await collect(output.reader({ noFollow: true, offset: 9 }))).toEqual([]);
  end();
  expect((await collect(output.reader({ noFollow: true }))).map(({ kind }) => kind)).toEqual(["chunk", "exit"]);
  expect(buffer.readerCount).toBe(0);
});

test("with a spool, what wrote nothing takes no file", async () => {
  const directory = await mkdtemp(join(tmpdir(), "coxswain-outputs-"));
  const spool = await OutputSpool.open({ directory });
  const outputs = new Outputs({ spool, keptInMemory: 1, logger: silentLogger });
  const [silent, loud] = [running(outputs, "a"), running(outputs, "b")];
  loud.buffer.write(Buffer.from("abc"), "stdout");
  silent.end();
  loud.end();
  await settle();
  await spool.close();
  expect(spool.attemptCount).toBe(1);
  expect(outputs.of({ executionId: "a", attempt: 1 })).toBeUndefined();
  expect(outputs.of({ executionId: "b", attempt: 1 })).toBeDefined();
  await rm(directory, { recursive: true });
});

test("a reader that waits for the exit leaves when its signal aborts", async () => {
  const outputs = new Outputs({ spool: undefined, keptInMemory: 1, logger: silentLogger });
  const { buffer } = running(outputs, "a");
  buffer.end();
  const controller = new AbortController();
  const waiting = outputs.of({ executionId: "a", attempt: 1 })!.reader({ signal: controller.signal }).next();
  await settle();
  controller.abort(new Error("gone"));
  await expect(waiting).rejects.toThrow("gone");
});

test("without a spool the last few stay; the memory of the others is given back once nobody reads them", async () => {
  const outputs = new Outputs({ spool: undefined, keptInMemory: 1, logger: silentLogger });
  const [first, second] = [running(outputs, "a"), running(outputs, "b")];
  first.buffer.write(Buffer.from("abc"), "stdout");
  const reader = outputs.of({ executionId: "a", attempt: 1 })!.reader({ maxBytes: 1 });
  await reader.next();
  first.end();
  await settle();
  second.end();
  await settle();
  expect(outputs.of({ executionId: "a", attempt: 1 })).toBeUndefined();
  expect(outputs.of({ executionId: "b", attempt: 1 })).toBeDefined();
  expect(first.buffer.heldBytes).toBeGreaterThan(0);
  expect((await collect(reader)).map(({ kind }) => kind)).toEqual(["chunk", "chunk", "exit"]);
  expect(first.buffer.heldBytes).toBe(0);
});
