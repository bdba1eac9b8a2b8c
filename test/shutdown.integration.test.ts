/**
 * How nodes end: SIGTERM hands over and drains, a second signal does not wait, a drain outlives restarts.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { CoxswainClient } from "@coxswain/client";
import { until } from "../scripts/lib/until.mjs";
import type { NodeProcess } from "../scripts/lib/cluster.mjs";
import { LiveCluster } from "./live-cluster.ts";

let live: LiveCluster;
let client: CoxswainClient;

beforeAll(async () => {
  live = await LiveCluster.start({ extraArgs: ["--drain-timeout", "20s"] });
  client = live.connect();
}, 60_000);
afterAll(async () => live.destroy(), 60_000);

const nodeOf = (id: number): NodeProcess => {
  const node = live.cluster.node(id);
  if (node === undefined) throw new Error(`no node ${id}`);
  return node;
};

/** Submits a job that runs until its file appears, and resolves with the node that runs it. */
async function runOpenEnded(file: string, nodeId?: number): Promise<{ jobId: string; nodeId: number }> {
  for (;;) {
    const { jobId } = await client.submit({ command: `while [ ! -e '${file}' ]; do sleep 0.05; done; echo done`, policy: { maxAttempts: 1 } });
    const { assignedWorker } = await until("it runs", async () => {
      const status = await client.status(jobId);
      return status.status === "RUNNING" && status;
    });
    if (nodeId === undefined || assignedWorker === nodeId) return { jobId, nodeId: assignedWorker ?? 0 };
  }
}

async function release(file: string): Promise<void> {
  const { writeFile } = await import("node:fs/promises");
  await writeFile(file, "");
}

test("SIGTERM at the leader: leadership moves, what runs there finishes there, then exit code 0", async () => {
  const { leaderId } = await client.clusterStatus();
  const file = join(live.cluster.directory, "finish");
  const { jobId } = await runOpenEnded(file, leaderId);
  const exited = nodeOf(leaderId).kill("SIGTERM");
  const next = await until("another node leads", async () => {
    const status = await client.clusterStatus({ timeoutMs: 1_000 });
    return status.leaderId !== leaderId && status.leaderId;
  });
  expect(next).not.toBe(leaderId);
  // Nothing new goes to the node that leaves.
  for (let n = 0; n < 6; n++) {
    const { jobId: other } = await client.submit({ command: "true" });
    expect((await client.waitFor(other, { timeoutMs: 10_000 })).executedBy).not.toBe(leaderId);
  }
  expect((await client.status(jobId)).status).toBe("RUNNING");
  await release(file);
  expect(await exited).toEqual({ code: 0, signal: null });
  const ended = await client.waitFor(jobId, { timeoutMs: 10_000 });
  expect(ended).toMatchObject({ status: "COMPLETED", executedBy: leaderId, attempts: 1 });
  await live.restart(leaderId);
}, 60_000);

test("a second signal exits at once; what ran there runs again elsewhere", async () => {
  const file = join(live.cluster.directory, "second");
  const { jobId, nodeId } = await runOpenEnded(file);
  const node = nodeOf(nodeId);
  const exited = node.kill("SIGTERM");
  // The first signal has been taken once the node is seen to be leaving: it does not lead and holds no new work.
  await until("the node is stopping", async () => {
    const { readFile } = await import("node:fs/promises");
    return (await readFile(node.logPath, "utf8")).includes("a second signal exits at once");
  });
  void node.kill("SIGTERM");
  expect(await exited).toEqual({ code: 130, signal: null });
  await until("another attempt runs elsewhere", async () => {
    const status = await client.status(jobId);
    return status.status === "RUNNING" && status.assignedWorker !== nodeId;
  });
  await release(file);
  expect((await client.waitFor(jobId, { timeoutMs: 10_000 })).status).toBe("COMPLETED");
  await live.restart(nodeId);
}, 60_000);

test("a drain outlives the restart of its node, and can be undone", async () => {
  await client.drain({ nodeId: 2 });
  await nodeOf(2).kill("SIGKILL");
  await live.restart(2);
  const drained = (await client.clusterStatus()).nodes.find((node) => node.nodeId === 2);
  expect(drained?.draining).toBe(true);
  for (let n = 0; n < 6; n++) {
    const { jobId } = await client.submit({ command: "true" });
    expect((await client.waitFor(jobId, { timeoutMs: 10_000 })).executedBy).not.toBe(2);
  }
  await client.drain({ nodeId: 2, undo: true });
  await until("work goes to node 2 again", async () => {
    const { jobId } = await client.submit({ command: "true" });
    return (await client.waitFor(jobId, { timeoutMs: 10_000 })).executedBy === 2;
  });
}, 60_000);

test("a node that is killed leaves no process behind (G13)", async () => {
  const file = join(live.cluster.directory, "orphan");
  const alive = join(live.cluster.directory, "orphan-lives");
  const { jobId, nodeId } = await runOpenEnded(file);
  const marker = await client.submit({ command: `while :; do date > '${alive}'; sleep 0.05; done`, policy: { maxAttempts: 1, onNodeLoss: "fail" } });
  const { assignedWorker } = await until("the marker runs", async () => {
    const status = await client.status(marker.jobId);
    return status.status === "RUNNING" && existsSync(alive) && status;
  });
  await nodeOf(assignedWorker ?? 0).kill("SIGKILL");
  const { statSync } = await import("node:fs");
  let before = -1;
  await until("nothing writes any more", () => {
    const now = statSync(alive).mtimeMs;
    const still = now === before;
    before = now;
    return still;
  }, { everyMs: 300 });
  const ended = await client.waitFor(marker.jobId, { timeoutMs: 20_000 });
  expect(ended).toMatchObject({ status: "FAILED", attempts: 1 });
  await release(file);
  await client.waitFor(jobId, { timeoutMs: 30_000 });
  expect(nodeId).toBeGreaterThan(0);
  await live.restart(assignedWorker ?? 0);
}, 90_000);
