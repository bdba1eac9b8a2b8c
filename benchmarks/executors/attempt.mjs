import { MemoryGuard, silentLogger, systemClock } from "../../packages/executor/dist/index.js";

let attempts = 0;

/** One attempt from start to result; it must have succeeded and said hello. Resolves with the moment of its result. */
export async function attempt(executor, task) {
  const ref = { executionId: "bench.1.1", attempt: (attempts += 1) };
  const context = { ref, jobId: "bench", dueMs: 0, guard: new MemoryGuard(), logger: silentLogger, clock: systemClock };
  const running = await executor.start({ task, timeoutMs: 60_000 }, context);
  const { outcome, errorType, errorMessage } = await running.result;
  const endMs = performance.now();
  const output = Buffer.from(running.output.tail(100)).toString();
  if (outcome !== "succeeded" || output !== "hello\n") throw new Error(`${outcome} ${errorType}: ${errorMessage ?? output}`);
  return endMs;
}
