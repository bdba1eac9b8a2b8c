/** What an earlier start of a node left running ends with the next start, whatever that one offers. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { MemoryGuard, silentLogger, systemClock } from "@coxswain/executor";
import { ProcessExecutor } from "@coxswain/executor-process";
import { Closers } from "../src/closers.ts";
import { loadConfig } from "../src/config/load-config.ts";
import type { NodeOptions } from "../src/config/options.ts";
import { openExecutors } from "../src/executors.ts";

test("what an executor left running ends although the next start does not offer it any more", async () => {
  const directory = await mkdtemp(join(tmpdir(), "cox-executors-"));
  const earlier = new ProcessExecutor({ stateDirectory: directory, allowUnlimitedProcesses: true, isolation: "none" });
  const closers = new Closers(() => {});
  try {
    const ref = { executionId: "a.1.1", attempt: 1 };
    const context = { ref, jobId: "a", jobType: "unico", dueMs: 1, guard: new MemoryGuard(), logger: silentLogger, clock: systemClock } as const;
    const task = await earlier.start({ task: { kind: "process", shell: "echo ready; sleep 1000" }, timeoutMs: 60_000 }, context);
    while (task.output.totalBytes === 0) await new Promise((resolve) => setImmediate(resolve));
    const options = loadConfig({ argv: ["--executors", "webhook"], env: {}, readFile: () => "" }) as NodeOptions;
    const { offered, missing } = await openExecutors(options, directory, closers);
    expect([[...offered.keys()], [...missing.keys()]]).toEqual([["webhook"], []]);
    expect(await task.result).toMatchObject({ outcome: "failed", signal: "SIGKILL" });
  } finally {
    await closers.closeAll();
    await earlier.close();
    await rm(directory, { recursive: true, force: true });
  }
}, 15_000);
