/** A node reduced to its process executor; starts one task and says when it runs. Arguments: state directory, job id, shell line, `full` or `none`, and the tools of the sandbox. */
import { MemoryGuard, silentLogger, systemClock } from "@coxswain/executor";
import { ProcessExecutor } from "../../src/index.ts";
import type { ProcessExecutorOptions } from "../../src/index.ts";

const [stateDirectory = "", jobId = "", shell = "", isolation, ...sandboxTools] = process.argv.slice(2);
const options = { isolation, sandboxTools } as Pick<ProcessExecutorOptions, "isolation" | "sandboxTools">;
const executor = new ProcessExecutor({ stateDirectory, allowUnlimitedProcesses: true, ...options });
const task = await executor.start(
  { task: { kind: "process", shell }, timeoutMs: 600_000 },
  {
    ref: { executionId: `${jobId}.1.1`, attempt: 1 },
    jobId,
    dueMs: 0,
    guard: new MemoryGuard(),
    logger: silentLogger,
    clock: systemClock,
  },
);
task.output.onChange(() => process.stdout.write("running\n"));
