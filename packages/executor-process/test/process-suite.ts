import type { Task } from "@coxswain/executor";
import { executorSuite } from "@coxswain/executor/suite";
import type { TestFramework } from "@coxswain/executor/suite";
import { shellTasks } from "../../executor/test/shell-tasks.ts";
import { Bench } from "./bench.ts";
import type { ProcessExecutorOptions } from "../src/index.ts";

const CAPACITY_BYTES = 100_000;

/**
 * The suite that every executor passes, on one way of running processes.
 *
 * @param make makes the executor of each test
 */
export function processSuite(
  framework: TestFramework,
  name: string,
  options: Partial<ProcessExecutorOptions>,
  make: (options: Partial<ProcessExecutorOptions>) => Bench = (given) => new Bench(given),
): void {
  executorSuite(
    framework,
    name,
    { exitCode: true, stderr: true, guarded: true, startFailure: true },
    async () => {
      const bench = make({ outputCapacityBytes: CAPACITY_BYTES, timeoutGraceMs: 50, ...options });
      const line = (shell: string): Task => ({ kind: "process", shell, env: { BENCH: bench.id } });
      return {
        executor: bench.executor,
        guard: bench.guard,
        outputCapacityBytes: CAPACITY_BYTES,
        ...shellTasks(line),
        missing: () => ({ kind: "process", argv: ["no-such-program"], env: { BENCH: bench.id } }),
        leftovers: () => bench.leftovers(),
        close: () => bench.close(),
      };
    },
  );
}
