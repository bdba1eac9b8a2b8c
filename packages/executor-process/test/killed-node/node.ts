/** A node reduced to its process executor; starts one task and says when it runs. Arguments: state directory, job id, and a sandbox's tool or nothing. */
import { MemoryGuard, silentLogger, systemClock } from "@coxswain/executor";
import { ProcessExecutor } from "../../src/index.ts";
import type { SandboxTool } from "../../src/index.ts";

const [stateDirectory = "", jobId = "", tool] = process.argv.slice(2) as [string?, string?, SandboxTool?];
const executor = new ProcessExecutor({
  stateDirectory,
  allowUnlimitedProcesses: true,
  ...(tool ? { sandboxTools: [tool] } : { isolation: "none" }),
});
const shell = "setsid sleep 1000 >/dev/null 2>&1 & sleep 1000 & echo ready; sleep 1000";
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
