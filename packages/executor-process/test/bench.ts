import { randomUUID } from "node:crypto";
import { mkdtempSync } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MemoryGuard, silentLogger, systemClock } from "@coxswain/executor";
import type { AttemptContext, Logger, ProcessTask, RunningTask, TaskResult } from "@coxswain/executor";
import { ProcessExecutor } from "../src/index.ts";
import type { ProcessExecutorOptions } from "../src/index.ts";
import { processesWith } from "./processes.ts";

/** Without sandbox and limits, which not every machine has. */
export const PLAIN = { allowUnlimitedProcesses: true, isolation: "none" } as const;

/** An executor on a directory of its own, whose tasks can be told from all others on the machine. */
export class Bench {
  readonly id: string = randomUUID();
  readonly directory: string = mkdtempSync(join(tmpdir(), "cox-process-"));
  readonly guard = new MemoryGuard();
  readonly executor: ProcessExecutor;
  readonly context: AttemptContext;

  constructor(options: Partial<ProcessExecutorOptions> = {}, logger: Logger = silentLogger) {
    this.executor = new ProcessExecutor({ stateDirectory: this.directory, timeoutGraceMs: 100, ...PLAIN, ...options });
    this.context = {
      ref: { executionId: `${this.id}.1.1`, attempt: 2 },
      jobId: this.id,
      dueMs: Date.UTC(2026, 0, 2, 3, 4, 5),
      guard: this.guard,
      logger,
      clock: systemClock,
    };
  }

  start(task: Omit<ProcessTask, "kind">, timeoutMs = 60_000): Promise<RunningTask> {
    return this.executor.start({ task: { kind: "process", ...task }, timeoutMs }, this.context);
  }

  async finish(task: Omit<ProcessTask, "kind">, timeoutMs?: number): Promise<{ result: TaskResult; output: string }> {
    const running = await this.start(task, timeoutMs);
    const result = await running.result;
    return { result, output: Buffer.from(running.output.tail(Infinity)).toString() };
  }

  async leftovers(): Promise<string[]> {
    const files = await Promise.all(
      ["runs", "work"].map(async (folder) => (await readdir(join(this.directory, folder)).catch(() => []))),
    );
    return [...files.flat(), ...processesWith(this.id).map((pid) => `process ${pid}`)];
  }

  async close(): Promise<void> {
    await this.executor.close();
    await rm(this.directory, { recursive: true, force: true });
  }
}
