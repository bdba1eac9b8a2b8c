/**
 * What users of a secured cluster see, and the mistakes of earlier schedulers that must not return, on real processes.
 */
import { rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { IncomingHttpHeaders, Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { CoxswainClient } from "@coxswain/client";
import { freePort, NodeProcess } from "../scripts/lib/cluster.mjs";
import { until } from "../scripts/lib/until.mjs";
import { LiveCluster } from "./live-cluster.ts";

let live: LiveCluster;
let admin: CoxswainClient;

beforeAll(async () => {
  live = await LiveCluster.start({ extraArgs: ["--webhook-allow", "127.0.0.0/8", "--capacity", "4"] });
  admin = live.connect();
}, 60_000);
afterAll(async () => live.destroy(), 60_000);

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("utf8");

test("under mutual TLS every node runs jobs (in an origin system only the leader did)", async () => {
  const submitted = await Promise.all(Array.from({ length: 12 }, () => admin.submit({ command: "sleep 0.2" })));
  const ended = await Promise.all(submitted.map(({ jobId }) => admin.waitFor(jobId, { timeoutMs: 20_000 })));
  expect(ended.every(({ status }) => status === "COMPLETED")).toBe(true);
  expect(new Set(ended.map(({ executedBy }) => executedBy))).toEqual(new Set([1, 2, 3]));
});

test("more jobs than the cluster has room for wait, and all complete: room comes back", async () => {
  const submitted = await admin.submitMany(Array.from({ length: 60 }, () => ({ command: "sleep 0.05" })));
  for (const outcome of submitted) {
    if (!outcome.ok) throw outcome.error;
    expect((await admin.waitFor(outcome.job.jobId, { timeoutMs: 30_000 })).status).toBe("COMPLETED");
  }
  const { nodes } = await admin.clusterStatus();
  expect(nodes.map(({ running }) => running)).toEqual([0, 0, 0]);
}, 60_000);

test("any node serves any call, and a read sees every write acknowledged before it", async () => {
  for (const write of live.cluster.addresses)
    for (const read of live.cluster.addresses) {
      const { jobId } = await live.connect([write]).submit({ task: { kind: "none" } });
      expect((await live.connect([read]).status(jobId)).status).toBe("COMPLETED");
    }
});

test("a failing one-time job keeps its history and is tried as often as its policy says", async () => {
  const { jobId } = await admin.submit({
    command: "echo no; exit 7",
    schedule: { kind: "at", atMs: Date.now() + 300 },
    policy: { maxAttempts: 2, retryInitialMs: 100 },
  });
  const ended = await until("it has failed for good", async () => {
    const status = await admin.status(jobId);
    return status.status === "FAILED" && status;
  });
  expect(ended).toMatchObject({ exitCode: 7, attempts: 2, state: "FINISHED", executions: 1 });
  const { executions } = await admin.executions(jobId);
  expect(executions[0]?.attempts.map(({ outcome, exitCode }) => [outcome, exitCode])).toEqual([
    ["FAILED", 7],
    ["FAILED", 7],
  ]);
});

test("the same id and content is the same job; other content under it is refused, and nothing is overwritten", async () => {
  const first = await admin.submit({ id: "one-name", command: "echo first" });
  expect(await admin.submit({ id: "one-name", command: "echo first" })).toMatchObject({ jobId: first.jobId, existed: true });
  await expect(admin.submit({ id: "one-name", command: "echo second" })).rejects.toMatchObject({ category: "conflict" });
  expect(text((await admin.waitFor("one-name", { timeoutMs: 10_000 })).output)).toBe("first\n");
});

test("a client sees and controls its own jobs only", async () => {
  const client = live.connect(undefined, "client");
  const own = await client.submit({ command: "true" });
  const foreign = await admin.submit({ command: "true" });
  await expect(client.status(foreign.jobId)).rejects.toMatchObject({ category: "denied" });
  await expect(client.cancel(foreign.jobId)).rejects.toMatchObject({ category: "denied" });
  await expect(client.executions(foreign.jobId)).rejects.toMatchObject({ category: "denied" });
  await expect(client.drain({ nodeId: 1 })).rejects.toMatchObject({ category: "denied" });
  expect((await client.list()).jobs.map(({ jobId }) => jobId)).toEqual([own.jobId]);
  expect((await admin.status(own.jobId)).owner).toBe("demo");
});

test("a timeout ends the attempt, and a cancel ends a running job", async () => {
  const slow = await admin.submit({ command: "sleep 60", policy: { timeoutMs: 300, maxAttempts: 1 } });
  expect((await admin.waitFor(slow.jobId, { timeoutMs: 20_000 })).status).toBe("TIMED_OUT");
  const running = await admin.submit({ command: "echo begun; sleep 60" });
  await until("its output is seen while it runs", async () => text((await admin.status(running.jobId)).output) === "begun\n");
  await admin.cancel(running.jobId, { reason: "enough" });
  expect(await admin.waitFor(running.jobId, { timeoutMs: 20_000 })).toMatchObject({ status: "CANCELLED", cancelReason: "enough" });
  await expect(admin.cancel(running.jobId)).rejects.toMatchObject({ category: "conflict" });
}, 60_000);

test("the end of the output outlives the node that wrote it", async () => {
  const { jobId } = await admin.submit({ command: "seq 1 2000" });
  const { executedBy } = await admin.waitFor(jobId, { timeoutMs: 10_000 });
  const node = live.cluster.node(executedBy ?? 0);
  await node?.kill("SIGKILL");
  const { output } = await admin.status(jobId);
  expect(text(output).endsWith("1999\n2000\n")).toBe(true);
  expect(output.length).toBe(2_048);
  await live.restart(executedBy ?? 0);
}, 60_000);

test("webhooks run side by side, on all nodes, with their key and attempt", async () => {
  const calls: IncomingHttpHeaders[] = [];
  let open = 0;
  let mostOpen = 0;
  const receiver: Server = createServer((request, response) => {
    calls.push(request.headers);
    mostOpen = Math.max(mostOpen, ++open);
    request.resume();
    setTimeout(() => {
      open -= 1;
      response.end("ok");
    }, 300);
  });
  await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
  try {
    const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`;
    const jobs = await Promise.all(Array.from({ length: 9 }, () => admin.submit({ task: { kind: "webhook", url } })));
    const ended = await Promise.all(jobs.map(({ jobId }) => admin.waitFor(jobId, { timeoutMs: 20_000 })));
    expect(ended.every(({ status }) => status === "COMPLETED")).toBe(true);
    expect(new Set(ended.map(({ executedBy }) => executedBy)).size).toBe(3);
    expect(mostOpen).toBeGreaterThan(3);
    expect(new Set(calls.map((headers) => headers["idempotency-key"])).size).toBe(9);
    expect(calls.every((headers) => headers["coxswain-attempt"] === "1")).toBe(true);
  } finally {
    receiver.closeAllConnections();
    receiver.close();
  }
});

test("a node whose disk was wiped is refused under its old id, and says what to do (G1)", async () => {
  const node = live.cluster.node(3);
  if (node === undefined) throw new Error("no node 3");
  await node.kill("SIGKILL");
  const dataDirectory = join(live.cluster.directory, "node-3");
  await rm(dataDirectory, { recursive: true });
  node.start();
  const { readFile } = await import("node:fs/promises");
  const said = await until("it refuses to start", async () => {
    const log = await readFile(node.logPath, "utf8");
    return !node.running && log.includes("WIPED_NODE") && log;
  });
  expect(said).toMatch(/could not start/);
  // The other two go on.
  const { jobId } = await admin.submit({ command: "echo two of three" });
  expect((await admin.waitFor(jobId, { timeoutMs: 20_000 })).status).toBe("COMPLETED");
}, 60_000);

test("a node with a certificate of its own but another cluster's identity is a stranger (G1)", async () => {
  const files = live.cluster.certificates.nodes.get(3);
  const port = await freePort();
  const stranger = new NodeProcess({
    id: 3,
    address: `127.0.0.1:${port}`,
    args: [
      ...["--node-id", "3", "--listen", `127.0.0.1:${port}`, "--data-dir", join(live.cluster.directory, "stranger")],
      ...["--peers", live.cluster.nodes.slice(0, 2).map((node) => `${node.id}:${node.address}`).join(",")],
      ...["--ca-cert", files?.caCert ?? "", "--cert", files?.cert ?? "", "--key", files?.key ?? ""],
    ],
    logPath: join(live.cluster.directory, "stranger.log"),
  });
  stranger.start();
  await until("it gives up", () => !stranger.running);
  expect((await admin.clusterStatus()).nodes).toHaveLength(3);
}, 60_000);
