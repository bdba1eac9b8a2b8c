import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { MemoryGuard, silentLogger, systemClock } from "@coxswain/executor";
import type { AttemptContext, DockerTask, RunningTask, TaskResult } from "@coxswain/executor";
import Docker from "dockerode";
import type { DockerEngine } from "../../../scripts/lib/docker-engine.mjs";
import { containerSpec } from "../src/container-spec.ts";
import { settingsOf } from "../src/docker-options.ts";
import { DockerExecutor } from "../src/index.ts";
import type { DockerExecutorOptions } from "../src/index.ts";

const GONE_WITHIN_MS = 30_000;

/** An executor with a scope of its own on a private engine. */
export class Bench {
  readonly scope: string;
  readonly guard = new MemoryGuard();
  readonly executor: DockerExecutor;
  readonly context: AttemptContext;
  readonly docker: Docker;

  constructor(engine: Pick<DockerEngine, "socketPath">, options: DockerExecutorOptions = {}) {
    this.scope = options.scope ?? randomUUID();
    const { socketPath } = engine;
    this.docker = new Docker({ socketPath });
    this.executor = new DockerExecutor({ socketPath, scope: this.scope, timeoutGraceMs: 100, ...options });
    this.context = {
      ref: { executionId: `${this.scope}.1.1`, attempt: 2 },
      jobId: this.scope,
      dueMs: Date.UTC(2026, 0, 2, 3, 4, 5),
      guard: this.guard,
      logger: silentLogger,
      clock: systemClock,
    };
  }

  start(task: Partial<DockerTask>, timeoutMs = 60_000, more: Partial<AttemptContext> = {}): Promise<RunningTask> {
    return this.executor.start({ task: { kind: "docker", image: "", ...task }, timeoutMs }, { ...this.context, ...more });
  }

  async finish(task: Partial<DockerTask>, timeoutMs?: number): Promise<{ result: TaskResult; output: string }> {
    const running = await this.start(task, timeoutMs);
    const result = await running.result;
    return { result, output: Buffer.from(running.output.tail(Infinity)).toString() };
  }

  /** A container of this scope as an earlier incarnation left it when it was killed. */
  async leave(task: Partial<DockerTask>, state: "created" | "running" | "exited", timeoutMs = 60_000): Promise<AttemptContext> {
    const context = { ...this.context, ref: { executionId: `${this.scope}.${state}.1`, attempt: 1 } };
    const run = { marker: randomUUID(), incarnation: "killed", timeoutMs };
    const container = await this.docker.createContainer(containerSpec({ kind: "docker", image: "", ...task }, context, settingsOf({ scope: this.scope }), run));
    if (state !== "created") await container.start();
    if (state === "exited") await container.wait();
    return context;
  }

  async containers(): Promise<Docker.ContainerInfo[]> {
    return this.docker.listContainers({ all: true, filters: { label: [`coxswain.scope=${this.scope}`] } });
  }

  /** Output may come before the engine says that the container runs. */
  async untilRunning(): Promise<void> {
    const ready = async (): Promise<boolean> => {
      const containers = await this.containers();
      return containers.length > 0 && containers.every(({ State: state }) => state === "running");
    };
    while (!(await ready()));
  }

  /** Containers are removed beside their results; those that stay are left over. */
  async leftovers(): Promise<string[]> {
    const giveUpAt = Date.now() + GONE_WITHIN_MS;
    let left = await this.containers();
    while (left.length > 0 && Date.now() < giveUpAt) {
      await delay(50);
      left = await this.containers();
    }
    return left.map(({ Names: names, State: state }) => `${names.join()} is ${state}`);
  }

  async close(): Promise<void> {
    await this.executor.close();
  }
}
