import { strict as assert } from "node:assert";
import { Buffer } from "node:buffer";
import { systemClock } from "../clock.ts";
import { silentLogger } from "../executor.ts";
import type { AttemptContext, RunningTask } from "../executor.ts";
import type { TaskResult } from "../task-result.ts";
import type { Task } from "../task-spec.ts";
import type { ExecutorFixture } from "./fixture.ts";

const LONG_MS = 60_000;
const HANDLES_GONE_WITHIN_MS = 5_000;

/** One fixture at work, and the checks that hold after every case. */
export class Bench {
  readonly fixture: ExecutorFixture;
  #executions = 0;

  private constructor(fixture: ExecutorFixture) {
    this.fixture = fixture;
  }

  /** Runs a case on a fresh fixture, then checks that nothing is left of it. */
  static async run(factory: () => Promise<ExecutorFixture>, body: (bench: Bench) => Promise<void>): Promise<void> {
    const handlesBefore = handles();
    const fixture = await factory();
    try {
      await body(new Bench(fixture));
      assert.deepEqual(await fixture.leftovers(), [], "something of an ended attempt is left");
      assert.deepEqual(fixture.guard.targets, [], "the guard still protects an ended attempt");
    } finally {
      await fixture.executor.close();
      await fixture.close();
    }
    await handlesAreBackTo(handlesBefore);
  }

  context(more: Partial<AttemptContext> = {}): AttemptContext {
    this.#executions += 1;
    const ref = { executionId: `suite.1.${this.#executions}`, attempt: 1 };
    const { guard } = this.fixture;
    return { ref, jobId: "suite", dueMs: 0, guard, logger: silentLogger, clock: systemClock, ...more };
  }

  start(task: Task, timeoutMs: number = LONG_MS, more: Partial<AttemptContext> = {}): Promise<RunningTask> {
    return this.fixture.executor.start({ task, timeoutMs }, this.context(more));
  }

  /** Starts a task and awaits its end. */
  async finish(task: Task, timeoutMs?: number): Promise<{ task: RunningTask; result: TaskResult; output: Buffer }> {
    const running = await this.start(task, timeoutMs);
    const result = await running.result;
    return { task: running, result, output: Buffer.from(running.output.tail(Infinity)) };
  }
}

/** Those that an executor may hold; timers and files of the test framework come and go. */
const HELD = new Set(["ProcessWrap", "PipeWrap", "TCPSocketWrap", "TCPServerWrap", "TLSWrap"]);

function handles(): string[] {
  return process.getActiveResourcesInfo().filter((kind) => HELD.has(kind)).sort();
}

async function handlesAreBackTo(before: string[]): Promise<void> {
  const deadlineMs = Date.now() + HANDLES_GONE_WITHIN_MS;
  // Handles close a few turns of the event loop after their owner; there is no event to await.
  while (handles().length > before.length && Date.now() < deadlineMs) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.ok(handles().length <= before.length, `handles are left: ${handles().join()}; before: ${before.join()}`);
}
