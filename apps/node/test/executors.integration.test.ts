/** What a node offers of what it is asked for; and what an earlier start left running ends with the next, whatever that one offers. */
import { createServer } from "node:http";
import type { IncomingHttpHeaders } from "node:http";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { MemoryGuard, silentLogger, systemClock } from "@coxswain/executor";
import type { AttemptContext, Executor, Task, TaskResult } from "@coxswain/executor";
import { ProcessExecutor } from "@coxswain/executor-process";
import { Closers } from "../src/closers.ts";
import { loadConfig } from "../src/config/load-config.ts";
import type { NodeOptions } from "../src/config/options.ts";
import { openExecutors } from "../src/executors.ts";
import type { OfferedExecutors } from "../src/executors.ts";

const context: AttemptContext = {
  ...{ ref: { executionId: "a.1.1", attempt: 1 }, jobId: "a", jobType: "unico", dueMs: 1 },
  ...{ guard: new MemoryGuard(), logger: silentLogger, clock: systemClock },
};

let directory: string;
let closers: Closers;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "cox-executors-"));
  closers = new Closers(() => {});
});
afterEach(async () => {
  await closers.closeAll();
  await rm(directory, { recursive: true, force: true });
});

/** What a node with these flags offers, on a machine without an engine. */
async function opened(...argv: string[]): Promise<OfferedExecutors> {
  const noEngine = ["--docker-socket", join(directory, "no-engine.sock")];
  const options = loadConfig({ argv: [...noEngine, ...argv], env: {}, readFile: () => "" }) as NodeOptions;
  return await openExecutors({ options, stateDirectory: join(directory, "processes"), nodeUuid: "uuid-1" }, closers);
}

async function run(executor: Executor | undefined, task: Task): Promise<TaskResult> {
  if (executor === undefined) throw new Error("it is not offered");
  return await (await executor.start({ task, timeoutMs: 10_000 }, context)).result;
}

describe("a node offers", () => {
  test("by default what the machine has, and gives the reason for the rest", async () => {
    const { offered, missing, limitations } = await opened();
    expect(offered.has("webhook")).toBe(true);
    expect(missing.get("docker")).toMatch(/^the Docker engine at .*no-engine\.sock: .*ENOENT/);
    // Some machines have sandbox and cgroups, and some have not; none runs processes without a word.
    const process = offered.has("process") ? limitations.get("process") : missing.get("process");
    expect(process ?? "").toMatch(offered.has("process") ? /^$/ : /Tasks would have no .*allow unlimited processes/);
  });

  test("only what it is asked for", async () => {
    const { offered, missing, limitations } = await opened("--executors", "webhook");
    expect([[...offered.keys()], [...missing.keys()], [...limitations.keys()]]).toEqual([["webhook"], [], []]);
  });

  test("no processes without sandbox and limits, with the reason (case 18)", async () => {
    const { offered, missing } = await opened("--executors", "process", "--cgroup-directory", join(directory, "no", "cgroup"));
    expect([...offered.keys()]).toEqual([]);
    expect(missing.get("process")).toMatch(/no limits \(cgroups cannot be made in .*ENOENT.*; provide it, or allow unlimited processes/);
  });

  test("processes all the same when it is told to, and says what they do without", async () => {
    const flags = ["--executors", "process", "--allow-unlimited-processes", "--process-isolation", "none"];
    const { offered, missing, limitations } = await opened(...flags);
    expect([...missing.keys()]).toEqual([]);
    expect(limitations.get("process")).toBe(
      "unlimited processes are allowed; tasks have no sandbox (switched off) and no limits (switched off)",
    );
    expect(await run(offered.get("process"), { kind: "process", shell: "exit 3" })).toMatchObject({ outcome: "failed", exitCode: 3 });
  });
});

test("what a process may ask for is the node's to say", async () => {
  const { offered } = await opened("--allow-unlimited-processes", "--process-isolation", "none", "--process-max-memory", "300MB", "--process-max-swap", "0");
  const executor = offered.get("process");
  for (const limits of [{ memoryBytes: 301 * 1024 ** 2 }, { swapBytes: 1 }, { cpus: 100_000 }])
    await expect(run(executor, { kind: "process", shell: "true", limits })).rejects.toMatchObject({ code: "INVALID_TASK" });
});

describe("webhooks", () => {
  /** A receiver that sends `/first` to `/second`, and keeps the headers of each call. */
  async function receiver(): Promise<{ url: string; headers: IncomingHttpHeaders[]; close: () => void }> {
    const headers: IncomingHttpHeaders[] = [];
    const server = createServer((request, response) => {
      headers.push(request.headers);
      if (request.url === "/first") response.writeHead(307, { location: "/second" });
      response.end();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/first`, headers, close: () => server.close() };
  }

  test("are signed with the secret in the file, and follow as many redirects as the node allows", async () => {
    const secret = join(directory, "secret");
    await writeFile(secret, `${"s".repeat(32)}\n`);
    const { url, headers, close } = await receiver();
    try {
      const flags = ["--executors", "webhook", "--webhook-allow", "127.0.0.1/32", "--webhook-secret-file", secret];
      const follows = (await opened(...flags, "--webhook-max-redirects", "1")).offered.get("webhook");
      expect(await run(follows, { kind: "webhook", url })).toMatchObject({ outcome: "succeeded" });
      expect(headers.map((given) => given["coxswain-signature"])).toEqual([expect.stringMatching(/^t=\d+,v1=/), expect.stringMatching(/^t=\d+,v1=/)]);
      const stays = (await opened(...flags)).offered.get("webhook");
      expect(await run(stays, { kind: "webhook", url })).toMatchObject({ outcome: "failed", errorType: "REDIRECT" });
    } finally {
      close();
    }
  });

  test("a secret that cannot be read or is too short keeps the node from starting", async () => {
    const secret = join(directory, "secret");
    await expect(opened("--webhook-secret-file", secret)).rejects.toThrow(/--webhook-secret-file: .*cannot be read/);
    await writeFile(secret, "short\n");
    await expect(opened("--webhook-secret-file", secret)).rejects.toThrow(/must hold at least 16 bytes/);
  });
});

test("what an executor left running ends although the next start does not offer it any more", async () => {
  const stateDirectory = join(directory, "processes");
  const earlier = new ProcessExecutor({ stateDirectory, allowUnlimitedProcesses: true, isolation: "none" });
  try {
    const task = await earlier.start({ task: { kind: "process", shell: "echo ready; sleep 1000" }, timeoutMs: 60_000 }, context);
    while (task.output.totalBytes === 0) await new Promise((resolve) => setImmediate(resolve));
    const { offered, missing } = await opened("--executors", "webhook");
    expect([[...offered.keys()], [...missing.keys()]]).toEqual([["webhook"], []]);
    expect(await task.result).toMatchObject({ outcome: "failed", signal: "SIGKILL" });
  } finally {
    await earlier.close();
  }
}, 15_000);
