import { Buffer } from "node:buffer";
import { describe, expect, test } from "@jest/globals";
import { MemoryExecutor, MemoryGuard, silentLogger, systemClock } from "../src/index.ts";
import type { AttemptContext, MemoryScript, ProcessTask, Task } from "../src/index.ts";
import { executorSuite } from "../src/suite.ts";

/** Scripts by shell line; the suite's tasks carry no code in memory. */
function scripted(): { task(script: MemoryScript): Task; executor: MemoryExecutor } {
  const scripts: MemoryScript[] = [];
  const executor = new MemoryExecutor({
    outputCapacityBytes: 1000,
    script: ({ task }) => scripts[Number((task as ProcessTask).shell)]!,
  });
  return { executor, task: (script) => ({ kind: "process", shell: String(scripts.push(script) - 1) }) };
}

executorSuite(
  { test },
  "memory",
  { exitCode: true, stderr: true, guarded: false, startFailure: true },
  async () => {
    const { executor, task } = scripted();
    return {
      executor,
      guard: new MemoryGuard(),
      outputCapacityBytes: 1000,
      writes: (output) => task({ output, end: { exitCode: 0 } }),
      fails: () => task({ end: { exitCode: 3 } }),
      hangs: () => task({ end: "hang", stubborn: true }),
      floods: (sizeBytes) =>
        task({ output: [{ stream: "stdout", bytes: Buffer.alloc(sizeBytes) }], end: { exitCode: 0 } }),
      missing: () => task({ end: "missing" }),
      leftovers: async () => executor.running.map(({ ref }) => ref.executionId),
      close: async () => {},
    };
  },
);

const context: AttemptContext = {
  ref: { executionId: "a.1.1", attempt: 1 },
  jobId: "a",
  dueMs: 0,
  guard: new MemoryGuard(),
  logger: silentLogger,
  clock: systemClock,
};
const spec = { task: { kind: "process", shell: "x" }, timeoutMs: 1000 } as const;

describe("MemoryExecutor", () => {
  test("a test finishes a hanging task by hand", async () => {
    const executor = new MemoryExecutor({ script: () => ({ end: "hang" }) });
    const task = await executor.start(spec, context);
    expect(executor.task(context.ref)).toBe(task);
    task.output.write(Buffer.from("half"), "stdout");
    task.finish(4);
    task.finish(0);
    expect(await task.result).toMatchObject({ outcome: "failed", exitCode: 4 });
    expect(executor.running).toEqual([]);
  });

  test("it records what it started, and a test can wait for it", async () => {
    const executor = new MemoryExecutor();
    const two = executor.untilStarted(2);
    await executor.start(spec, context);
    await executor.start(spec, { ...context, ref: { executionId: "a.1.2", attempt: 1 } });
    await two;
    expect(executor.started.map((ref) => ref.executionId)).toEqual(["a.1.1", "a.1.2"]);
  });

  test("it adopts what runs in its predecessor, and reaps the rest", async () => {
    const predecessor = new MemoryExecutor({ script: () => ({ end: "hang" }) });
    const other = { executionId: "a.1.2", attempt: 1 };
    const [task, rest] = [await predecessor.start(spec, context), await predecessor.start(spec, { ...context, ref: other })];
    const executor = new MemoryExecutor({ predecessor });
    expect(await executor.leftovers()).toEqual([context.ref, other]);
    expect(await executor.adopt([context.ref])).toEqual([task]);
    expect(await executor.leftovers()).toEqual([other]);
    await executor.reap();
    expect((await rest.result).outcome).toBe("stopped");
    expect(executor.running).toEqual([task]);
  });
});
