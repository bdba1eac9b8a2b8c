/**
 * Executors as users meet them, on real processes: a container through a node, what a node allows, and what it says
 * when nobody can run a job.
 */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { missingForDocker, startEngine } from "../scripts/lib/docker-engine.mjs";
import type { DockerEngine } from "../scripts/lib/docker-engine.mjs";
import { LiveCluster } from "./live-cluster.ts";

const COX = fileURLToPath(new URL("../apps/cli/bin/cox.js", import.meta.url));

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `cox` as an admin of the cluster. */
function cox(live: LiveCluster, ...args: string[]): Promise<Outcome> {
  const { addresses, certificates } = live.cluster;
  const { caCert, cert, key } = certificates.admin;
  const env = { ...process.env, COX_SERVER: addresses.join(","), COX_CA_CERT: caCert, COX_CERT: cert, COX_KEY: key };
  return new Promise((resolve) => {
    execFile(process.execPath, [COX, ...args], { env }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

describe("without an engine", () => {
  let live: LiveCluster;
  beforeAll(async () => {
    live = await LiveCluster.start({ size: 1, extraArgs: ["--docker-socket", "/nonexistent/docker.sock"] });
  }, 60_000);
  afterAll(async () => live.destroy(), 60_000);

  test("the cluster's status says why containers are missing, and what processes do without", async () => {
    const { stdout } = await cox(live, "cluster", "status");
    expect(stdout).toMatch(/process,webhook\n/);
    expect(stdout).toMatch(/^docker is missing on node 1: the Docker engine at \/nonexistent\/docker\.sock: .*ENOENT/m);
    expect(stdout).toMatch(/^process is limited on node 1: unlimited processes are allowed; tasks have no sandbox \(switched off\)/m);
  });

  test("a job that needs one waits, its status says why, nothing waits behind it, and it can be cancelled", async () => {
    const id = (await cox(live, "job", "submit", "--docker", "--image", "alpine:latest", "echo hello")).stdout.trim();
    const { stdout } = await cox(live, "job", "status", id);
    expect(stdout).toMatch(/^Status +PENDING\nWaits +No node offers docker: the Docker engine at .*ENOENT/m);
    const behind = await cox(live, "job", "submit", "--wait", "echo not held up");
    expect(behind).toMatchObject({ code: 0, stdout: expect.stringMatching(/not held up\n$/) });
    expect(await cox(live, "job", "cancel", id)).toMatchObject({ code: 0 });
    expect((await cox(live, "job", "status", id)).stdout).not.toMatch(/^Waits/m);
  }, 60_000);

  test("case 18: limits that make no sense are refused before there is a job", async () => {
    const client = live.connect();
    for (const limits of [{ memoryBytes: 0 }, { cpus: Number.NaN }, { pids: -1 }, { openFiles: 1.5 }]) {
      const spec = { id: "nonsense", task: { kind: "process", shell: "true", limits } } as const;
      await expect(client.submit(spec)).rejects.toMatchObject({ category: "invalid" });
    }
    await expect(client.status("nonsense")).rejects.toMatchObject({ category: "not-found" });
  });
});

const missing = missingForDocker();
if (missing.length > 0) console.warn(`SKIPPED, NOT TESTED: containers through a node need ${missing.join(", ")}`);

(missing.length > 0 ? describe.skip : describe)("with an engine", () => {
  let engine: DockerEngine | undefined;
  let live: LiveCluster;
  beforeAll(async () => {
    engine = await startEngine();
    const docker = ["--docker-socket", engine.socketPath, "--docker-pull", "never", "--docker-memory", "32MB", "--docker-max-memory", "64MB"];
    live = await LiveCluster.start({ size: 1, extraArgs: docker });
  }, 90_000);
  afterAll(async () => {
    await live?.destroy();
    await engine?.close();
  }, 90_000);

  const submitted = async (...args: string[]): Promise<Record<string, unknown>> =>
    JSON.parse((await cox(live, "job", "submit", "--wait", "-o", "json", "--max-attempts", "1", ...args)).stdout) as Record<string, unknown>;

  test('cox job submit --docker --image alpine:latest "echo hello" runs a container', async () => {
    expect(await submitted("--docker", "--image", "alpine:latest", "echo hello")).toMatchObject({
      ...{ status: "COMPLETED", exit_code: 0, output: "hello\n", executed_by: 1 },
      task: { kind: "docker", image: "alpine:latest", shell: "echo hello", limits: null },
    });
    expect((await cox(live, "cluster", "status")).stdout).toMatch(/process,docker,webhook\n/);
  }, 60_000);

  test("limits, environment, directory and literal words reach it", async () => {
    const limits = ["--memory", "64m", "--cpu", "0.2", "--pids", "16", "--open-files", "99", "--tmp", "1m"];
    const line = 'ulimit -n; echo "$NAME $1"; pwd; df -k /tmp | tail -n 1 | tr -s " " | cut -d " " -f 2';
    const job = await submitted("--docker", ...limits, "--env", "NAME=Ada", "--workdir", "/usr", "--", "/bin/sh", "-c", line, "sh", "$(reboot)");
    expect(job).toMatchObject({ status: "COMPLETED", output: "99\nAda $(reboot)\n/usr\n1024\n" });
    expect(job).toMatchObject({ task: { limits: { memory_bytes: 64 * 1024 ** 2, cpus: 0.2, pids: 16, swap_bytes: null } } });
  }, 60_000);

  test("case 18: more than the node allows, and an image that it does not allow, fail with the reason", async () => {
    const tooMuch = await submitted("--docker", "--memory", "65m", "true");
    expect(tooMuch).toMatchObject({ status: "FAILED", error_type: "INVALID_TASK", error: expect.stringMatching(/limits\.memoryBytes must be from .* to 67108864/) });
    const foreign = await submitted("--image", "busybox:latest", "true");
    expect(foreign).toMatchObject({ status: "FAILED", error_type: "INVALID_TASK", error: expect.stringMatching(/busybox:latest is not allowed/) });
  }, 60_000);
});
