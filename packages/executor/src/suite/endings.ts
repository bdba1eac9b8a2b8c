import { strict as assert } from "node:assert";
import type { Bench } from "./bench.ts";
import type { SuiteCase } from "../suite.ts";

const SOON_MS = 150;

/** How attempts end: by themselves, by their limit, on request, or before they begin. */
export const endings: readonly SuiteCase[] = [
  {
    claim: "a task that succeeds is reported so, with its times",
    async run(bench) {
      const before = Date.now();
      const { result, task } = await bench.finish(bench.fixture.writes([]));
      assert.equal(result.outcome, "succeeded", result.errorMessage);
      assert.equal(result.errorType, undefined);
      assert.equal(result.retryable, false);
      assert.ok(before <= result.startedAtMs && result.startedAtMs <= result.endedAtMs);
      assert.equal(task.output.closed, true);
    },
  },
  {
    claim: "a task that fails is reported with a type and a message, and may be retried",
    async run(bench) {
      const { result } = await bench.finish(bench.fixture.fails());
      assert.equal(result.outcome, "failed");
      assert.ok(result.errorType && result.errorMessage);
      assert.equal(result.retryable, true);
    },
  },
  {
    claim: "a failing program is reported with its exit code",
    needs: ["exitCode"],
    async run(bench) {
      const { result } = await bench.finish(bench.fixture.fails());
      assert.equal(result.exitCode, 3);
      assert.equal(result.errorType, "EXIT_CODE");
    },
  },
  {
    claim: "a task over its limit is ended and reported as timed out",
    async run(bench) {
      const { result } = await bench.finish(bench.fixture.hangs(), SOON_MS);
      assert.equal(result.outcome, "timedOut");
      assert.equal(result.errorType, "TIMEOUT");
      assert.equal(result.retryable, true);
      assert.ok(result.endedAtMs - result.startedAtMs >= SOON_MS - 5, "ended before its limit");
    },
  },
  {
    claim: "a stopped task is reported as stopped",
    async run(bench) {
      const task = await bench.start(bench.fixture.hangs());
      await task.stop(SOON_MS);
      await isStopped(task.result);
    },
  },
  {
    claim: "stops at once, twice, at the same time and while it starts lead to one end",
    async run(bench) {
      const task = await bench.start(bench.fixture.hangs());
      await Promise.all([task.stop(SOON_MS), task.stop(0), task.stop(SOON_MS)]);
      const first = await task.result;
      await task.stop(0);
      assert.equal(await task.result, first);
      await isStopped(task.result);
    },
  },
  {
    claim: "a stop after the end changes nothing",
    async run(bench) {
      const { task, result } = await bench.finish(bench.fixture.writes([]));
      await task.stop(0);
      assert.equal(await task.result, result);
      assert.equal(result.outcome, "succeeded");
    },
  },
  {
    claim: "what cannot be started fails as START_FAILED, never ran, and is not retryable",
    needs: ["startFailure"],
    async run(bench) {
      const task = bench.fixture.missing?.();
      assert.ok(task, "the fixture has no missing()");
      const { result } = await bench.finish(task);
      assert.equal(result.outcome, "failed");
      assert.equal(result.errorType, "START_FAILED");
      assert.ok(result.errorMessage);
      assert.equal(result.retryable, false);
      assert.equal(result.startedAtMs, 0);
    },
  },
  {
    claim: "a payload that the guard does not take never runs, and the attempt is lost",
    needs: ["guarded"],
    async run(bench) {
      bench.fixture.guard.refusal = new Error("the lease has ended");
      const bytes = new TextEncoder().encode("ran");
      const { result, output } = await bench.finish(bench.fixture.writes([{ stream: "stdout", bytes }]));
      assert.equal(result.outcome, "lost");
      assert.equal(result.errorType, "GUARD_UNAVAILABLE");
      assert.equal(result.startedAtMs, 0);
      assert.equal(output.length, 0, "the payload ran");
    },
  },
  {
    claim: "closing stops what runs; it may be done twice; nothing starts afterwards",
    async run(bench) {
      const task = await bench.start(bench.fixture.hangs());
      await Promise.all([bench.fixture.executor.close(), bench.fixture.executor.close()]);
      await isStopped(task.result);
      await assert.rejects(bench.start(bench.fixture.writes([])), { code: "EXECUTOR_CLOSED" });
    },
  },
];

async function isStopped(result: Awaited<ReturnType<Bench["start"]>>["result"]): Promise<void> {
  const { outcome, retryable } = await result;
  assert.deepEqual({ outcome, retryable }, { outcome: "stopped", retryable: false });
}
