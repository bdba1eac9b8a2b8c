import { test } from "@jest/globals";
import type { Task } from "@coxswain/executor";
import { executorSuite } from "@coxswain/executor/suite";
import { shellTasks } from "../../executor/test/shell-tasks.ts";
import { Bench } from "./bench.ts";
import { describeDocker, useEngine } from "./docker.ts";

const WITHIN_MS = 120_000;
const CAPACITY_BYTES = 100_000;

describeDocker("the suite", () => {
  const engine = useEngine();
  executorSuite(
    // Twenty containers at once take a small machine a while.
    { test: (name, run) => test(name, run, WITHIN_MS) },
    "docker",
    { exitCode: true, stderr: true, guarded: true, startFailure: true },
    async () => {
      const bench = new Bench(engine(), { outputCapacityBytes: CAPACITY_BYTES, timeoutGraceMs: 50 });
      const line = (shell: string): Task => ({ kind: "docker", image: "alpine:latest", shell });
      return {
        executor: bench.executor,
        guard: bench.guard,
        outputCapacityBytes: CAPACITY_BYTES,
        ...shellTasks(line),
        missing: () => ({ kind: "docker", image: "", argv: ["no-such-program"] }),
        leftovers: () => bench.leftovers(),
        close: () => bench.close(),
      };
    },
  );
});
