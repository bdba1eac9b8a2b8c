// A node reduced to its process executor, with cgroups and without a sandbox: what it starts outlives it.
import { MemoryGuard, silentLogger, systemClock } from "@coxswain/executor";
import { ProcessExecutor } from "@coxswain/executor-process";

const executor = new ProcessExecutor({ stateDirectory: process.argv[2], allowUnlimitedProcesses: true, path: "/bin" });
const task = await executor.start(
  { task: { kind: "process", shell: "env -i setsid sleep 986 >/dev/null 2>&1 & sleep 986 & sleep 0.3; echo ready; sleep 986" }, timeoutMs: 600_000 },
  {
    ref: { executionId: "killed.1.1", attempt: 1 },
    jobId: "killed",
    dueMs: 0,
    guard: new MemoryGuard(),
    logger: silentLogger,
    clock: systemClock,
  },
);
task.output.onChange(() => process.stdout.write("running\n"));
