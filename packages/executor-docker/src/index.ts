/**
 * Runs tasks in containers of a Docker engine: one for each attempt, without network, without
 * capabilities, on a read-only root, within limits, its output captured, and nothing left behind.
 *
 * The caller's duties:
 *   1. give each node that uses an engine a `scope` of its own, the same at each start;
 *   2. call `adopt()` for what is to go on, then `reap()`, before the first `start()`: it ends
 *      what earlier incarnations of the node left;
 *   3. pass a guard that ends marked processes when the node is dead or stopped (G13).
 *
 * @example
 * const executor = new DockerExecutor({ scope: "node-1" });
 * await executor.reap();
 * const task = await executor.start({ task: { kind: "docker", image: "alpine:latest", shell: "echo hello" }, timeoutMs: 30_000 }, context);
 * const { outcome, exitCode } = await task.result;   // "succeeded", 0
 * await executor.close();
 */
export { DockerExecutor } from "./docker-executor.ts";
export { dockerDefaults } from "./docker-options.ts";
export type { ContainerLimits, DockerExecutorOptions, PullPolicy } from "./docker-options.ts";
