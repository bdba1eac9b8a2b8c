/**
 * Runs tasks as Linux processes: a `/bin/sh -c` line or an argv, in a session and process
 * group of its own, with an empty environment, its output captured, and nothing left behind.
 *
 * The caller's duties:
 *   1. give each node a `stateDirectory` of its own, which no other process uses;
 *   2. call `reap()` once at start, before the first `start()`: it ends what an earlier,
 *      killed incarnation of the node left running;
 *   3. pass a guard that ends process groups when the node is dead or stopped (G13).
 *
 * @example
 * const executor = new ProcessExecutor({ stateDirectory: "/var/lib/coxswain/processes" });
 * await executor.reap();
 * const task = await executor.start({ task: { kind: "process", shell: "echo hello" }, timeoutMs: 30_000 }, context);
 * const { outcome, exitCode } = await task.result;   // "succeeded", 0
 * await executor.close();
 */
export { ProcessExecutor } from "./process-executor.ts";
export type { ProcessExecutorOptions } from "./process-options.ts";
export type { Bounds, Limits } from "./limits.ts";
export type { SandboxTool } from "./sandbox/sandbox.ts";
