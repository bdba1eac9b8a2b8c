/**
 * A node that is killed or stopped while a container of it runs, on real processes and a real engine: back within its
 * lease it takes the container up again; later than that nothing of it is left, and the job runs anew.
 */
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { CoxswainClient } from "@coxswain/client";
import { missingForDocker, startEngine } from "../scripts/lib/docker-engine.mjs";
import type { NodeProcess } from "../scripts/lib/cluster.mjs";
import type { DockerEngine } from "../scripts/lib/docker-engine.mjs";
import { until } from "../scripts/lib/until.mjs";
import { LiveCluster } from "./live-cluster.ts";

const missing = missingForDocker();
if (missing.length > 0) console.warn(`SKIPPED, NOT TESTED: adoption of containers needs ${missing.join(", ")}`);

const WITHIN_MS = 120_000;
const LEASE_MS = 30_000;

(missing.length > 0 ? describe.skip : describe)("while a container of it runs, a node", () => {
  let engine: DockerEngine;
  let live: LiveCluster | undefined;
  let client: CoxswainClient;

  beforeAll(async () => void (engine = await startEngine()), WITHIN_MS);
  afterAll(async () => {
    await live?.destroy();
    await engine.close();
  }, WITHIN_MS);

  interface Container {
    readonly Id: string;
    readonly State: string;
  }
  const containers = async (): Promise<readonly Container[]> => (await engine.ask("GET", "/containers/json?all=1")).value as Container[];
  const ids = async (): Promise<string[]> => (await containers()).map(({ Id: id }) => id);
  const untilNoContainer = (): Promise<unknown> => until("no container is left", async () => (await containers()).length === 0);
  /** Resolves with the container once the job can be let go. */
  async function untilReady(jobId: string): Promise<string> {
    await until("the job is ready", async () => Buffer.from((await client.status(jobId)).output).toString() === "ready\n");
    const [only, ...others] = await ids();
    expect(others).toEqual([]);
    return only ?? "";
  }

  /** What the engine did to containers since `sinceS`, in order. */
  async function deeds(sinceS: number): Promise<string[]> {
    const filters = encodeURIComponent(JSON.stringify({ type: ["container"], event: ["start", "die"] }));
    const { value } = await engine.ask("GET", `/events?since=${sinceS}&until=${Date.now() / 1_000}&filters=${filters}`);
    const lines = (typeof value === "string" ? value : JSON.stringify(value)).trim().split("\n");
    return lines.map((line) => JSON.parse(line) as { status: string; id: string }).map(({ status, id }) => `${status} ${id}`);
  }

  async function start(nodeTtlMs: number, size = 1): Promise<void> {
    await live?.destroy();
    // Of a try that failed.
    for (const id of await ids()) await engine.ask("DELETE", `/containers/${id}?force=1`);
    const extraArgs = ["--docker-socket", engine.socketPath, "--docker-pull", "never", "--node-ttl", `${nodeTtlMs}ms`];
    live = await LiveCluster.start({ size, extraArgs });
    client = live.connect();
  }

  const node = (id = 1): NodeProcess => {
    const one = live?.cluster.node(id);
    if (one === undefined) throw new Error(`no node ${id}`);
    return one;
  };

  async function comeBack(): Promise<void> {
    node().start();
    await live?.everyNodeAlive();
  }

  /** Submits a job that runs in a container until it is let go, and resolves when it runs. */
  async function running(): Promise<{ jobId: string; container: string }> {
    const shell = "trap 'exit 0' USR1; echo ready; while :; do sleep 0.05; done";
    const { jobId } = await client.submit({ task: { kind: "docker", image: "alpine:latest", shell }, policy: { timeoutMs: 600_000 } });
    return { jobId, container: await untilReady(jobId) };
  }

  const letGo = (container: string): Promise<unknown> => engine.ask("POST", `/containers/${container}/kill?signal=USR1`);
  const logged = async (): Promise<string> => readFile(node().logPath, "utf8");

  describe("that is killed with SIGKILL (case 19)", () => {
    test("and comes back within its lease: the same container goes on, and the job completes with its first attempt", async () => {
      await start(LEASE_MS);
      const { jobId, container } = await running();
      await node().kill("SIGKILL");
      await comeBack();
      expect(await ids()).toEqual([container]);
      expect((await client.status(jobId)).status).toBe("RUNNING");
      expect(await logged()).toContain("attempt adopted");
      await letGo(container);
      const ended = await client.waitFor(jobId, { timeoutMs: 20_000 });
      expect(ended).toMatchObject({ status: "COMPLETED", attempts: 1, executedBy: 1, exitCode: 0 });
      await untilNoContainer();
    }, WITHIN_MS);

    test("and the job ends while the node is down: its result is reported by the next start, and it runs no second time", async () => {
      const { jobId, container } = await running();
      await node().kill("SIGKILL");
      await letGo(container);
      await until("it has ended", async () => (await containers())[0]?.State === "exited");
      await comeBack();
      expect(await client.waitFor(jobId, { timeoutMs: 20_000 })).toMatchObject({ status: "COMPLETED", attempts: 1, exitCode: 0 });
      await untilNoContainer();
    }, WITHIN_MS);

    test("twice in a row: it is adopted from the one that had adopted it, and can be cancelled", async () => {
      const { jobId, container } = await running();
      for (const _ of [1, 2]) {
        await node().kill("SIGKILL");
        await comeBack();
      }
      expect(await ids()).toEqual([container]);
      await client.cancel(jobId);
      expect(await client.waitFor(jobId, { timeoutMs: 20_000 })).toMatchObject({ status: "CANCELLED", attempts: 1 });
      await untilNoContainer();
    }, WITHIN_MS);

    test("with its engine, too: containers that outlived the engine are ended before the job runs again", async () => {
      const { jobId, container } = await running();
      const { value } = await engine.ask("GET", `/containers/${container}/json`);
      const { Pid: pid } = (value as { readonly State: { readonly Pid: number } }).State;
      await node().kill("SIGKILL");
      await engine.stop("SIGKILL");
      expect(await isAlive(pid)).toBe(true);
      await comeBack();
      expect(await isAlive(pid)).toBe(false);
      await engine.start();
      await node().kill("SIGKILL");
      await comeBack();
      const again = await untilReady(jobId);
      expect(again).not.toBe(container);
      await letGo(again);
      expect(await client.waitFor(jobId, { timeoutMs: 20_000 })).toMatchObject({ status: "COMPLETED" });
      await untilNoContainer();
    }, WITHIN_MS);

    test("and comes back after its lease: the container ended with the lease, and the job runs anew; nothing is left over", async () => {
      await start(1_500);
      const { jobId, container } = await running();
      await node().kill("SIGKILL");
      await until("the guard has ended and removed the container", async () => (await containers()).length === 0);
      await comeBack();
      const again = await untilReady(jobId);
      expect(again).not.toBe(container);
      await letGo(again);
      expect(await client.waitFor(jobId, { timeoutMs: 20_000 })).toMatchObject({ status: "COMPLETED", attempts: 2 });
      await untilNoContainer();
    }, WITHIN_MS);
  });

  describe("of three", () => {
    beforeAll(() => start(1_500, 3), WITHIN_MS);

    test("that is stopped with SIGSTOP for longer than its lease: the container has ended before the job runs on another node; let go on, it takes part again", async () => {
      const sinceS = Date.now() / 1_000;
      const { jobId, container } = await running();
      const { assignedWorker = 0 } = await client.status(jobId);
      process.kill(node(assignedWorker).pid ?? 0, "SIGSTOP");
      const others = (live?.cluster.nodes ?? []).filter(({ id }) => id !== assignedWorker).map(({ address }) => address);
      client = live!.connect(others);
      await until("it runs on another node", async () => (await client.status(jobId)).assignedWorker !== assignedWorker);
      const again = await untilReady(jobId);
      process.kill(node(assignedWorker).pid ?? 0, "SIGCONT");
      await live?.everyNodeAlive();
      expect(await deeds(sinceS)).toEqual([`start ${container}`, `die ${container}`, `start ${again}`]);
      await letGo(again);
      expect(await client.waitFor(jobId, { timeoutMs: 20_000 })).toMatchObject({ status: "COMPLETED", attempts: 2 });
      await untilNoContainer();
    }, WITHIN_MS);

    test("that is killed with SIGKILL and stays away: the container has ended before the job runs on another node", async () => {
      const sinceS = Date.now() / 1_000;
      const { jobId, container } = await running();
      const { assignedWorker } = await client.status(jobId);
      await node(assignedWorker).kill("SIGKILL");
      await until("it runs on another node", async () => (await client.status(jobId)).assignedWorker !== assignedWorker);
      const again = await untilReady(jobId);
      expect(await deeds(sinceS)).toEqual([`start ${container}`, `die ${container}`, `start ${again}`]);
      await letGo(again);
      expect(await client.waitFor(jobId, { timeoutMs: 20_000 })).toMatchObject({ status: "COMPLETED", attempts: 2 });
      await untilNoContainer();
    }, WITHIN_MS);
  });
});

async function isAlive(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, "latin1").catch(() => ") X ");
  return !/\) [ZX] /.test(stat);
}
