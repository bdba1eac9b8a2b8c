import { strict as assert } from "node:assert";
import type { AttemptContext } from "../executor.ts";
import type { Task } from "../task-spec.ts";
import type { SuiteCase } from "../suite.ts";

const MANY = 20;

/** What is refused before anything is created, and what happens side by side. */
export const refusals: readonly SuiteCase[] = [
  {
    claim: "it says that it is available",
    async run(bench) {
      assert.equal((await bench.fixture.executor.available()).ok, true);
    },
  },
  {
    claim: "a task of an unknown kind is refused",
    async run(bench) {
      const unknown = { kind: "no-such-kind" } as unknown as Task;
      await assert.rejects(bench.start(unknown), { code: "INVALID_TASK", category: "invalid" });
    },
  },
  {
    claim: "limits that are none are refused",
    async run(bench) {
      for (const timeoutMs of [0, -1, NaN, Infinity]) {
        await assert.rejects(bench.start(bench.fixture.writes([]), timeoutMs), { code: "INVALID_TASK" });
      }
    },
  },
  {
    claim: "ids that are no plain text are refused",
    async run(bench) {
      const broken: Partial<AttemptContext>[] = [
        { jobId: "" },
        { jobId: "a\0b" },
        { jobId: "a\r\nb" },
        { ref: { executionId: "a\nb", attempt: 1 } },
        { ref: { executionId: "a", attempt: 0 } },
        { ref: { executionId: "a", attempt: 1.5 } },
        { dueMs: NaN },
      ];
      for (const more of broken) {
        await assert.rejects(bench.start(bench.fixture.writes([]), undefined, more), { code: "INVALID_TASK" });
      }
    },
  },
  {
    claim: "ids that look like paths or commands are taken literally",
    async run(bench) {
      const id = "../x$(exit 9);`exit 9`";
      const more = { jobId: id, ref: { executionId: `${id}.1.1`, attempt: 1 } };
      const task = await bench.start(bench.fixture.writes([]), undefined, more);
      assert.equal((await task.result).outcome, "succeeded");
    },
  },
  {
    claim: "an attempt that runs is not started a second time; its successor is",
    async run(bench) {
      const context = bench.context();
      const spec = { task: bench.fixture.hangs(), timeoutMs: 60_000 };
      const first = await bench.fixture.executor.start(spec, context);
      await assert.rejects(bench.fixture.executor.start(spec, context), { code: "ATTEMPT_RUNNING" });
      const ref = { ...context.ref, attempt: 2 };
      const second = await bench.fixture.executor.start(spec, { ...context, ref });
      await Promise.all([first.stop(0), second.stop(0)]);
    },
  },
  {
    claim: "attempts side by side end each with its own result",
    async run(bench) {
      const ends = await Promise.all(
        Array.from({ length: MANY }, (_, i) => bench.finish(i % 2 ? bench.fixture.fails() : bench.fixture.writes([]))),
      );
      ends.forEach(({ result }, i) => assert.equal(result.outcome, i % 2 ? "failed" : "succeeded", result.errorMessage));
    },
  },
];
