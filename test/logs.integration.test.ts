/**
 * Output with real processes: the node that runs the job is killed while its output is followed, and the command line.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { CoxswainClient, LogRecord } from "@coxswain/client";
import { until } from "../scripts/lib/until.mjs";
import { LiveCluster } from "./live-cluster.ts";

const COX = fileURLToPath(new URL("../apps/cli/bin/cox.js", import.meta.url));
let live: LiveCluster;
let client: CoxswainClient;

beforeAll(async () => {
  live = await LiveCluster.start({ extraArgs: ["--log-level", "warn"] });
  client = live.connect();
}, 60_000);
afterAll(async () => live.destroy(), 60_000);

interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function cox(...args: string[]): Promise<Ran> {
  const { caCert, cert, key } = live.cluster.certificates.client;
  const tls = ["--server", live.cluster.addresses.join(","), "--ca-cert", caCert, "--cert", cert, "--key", key];
  const [command = "", ...rest] = args;
  const child = spawn(process.execPath, [COX, command, ...tls, ...rest], { stdio: ["ignore", "pipe", "pipe"] });
  const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []];
  child.stdout.on("data", (bytes: Buffer) => stdout.push(bytes));
  child.stderr.on("data", (bytes: Buffer) => stderr.push(bytes));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, stdout: Buffer.concat(stdout).toString("latin1"), stderr: Buffer.concat(stderr).toString("latin1") };
}

test("a node is killed while its output is followed through another: what came stands, the loss is told, the exit comes", async () => {
  const { jobId } = await client.start({ command: "echo before; sleep 600" });
  const holderId = await until("it runs", async () => (await client.status(jobId)).assignedWorker);
  const others = live.cluster.nodes.filter(({ id }) => id !== holderId);
  const records: LogRecord[] = [];
  for await (const record of live.connect(others.map(({ address }) => address)).logs(jobId, { timeoutMs: 60_000 })) {
    records.push(record);
    if (records.length === 1) await live.cluster.node(holderId)?.kill("SIGKILL");
  }
  const [first, ...rest] = records;
  expect(first).toMatchObject({ kind: "output", offset: 0, bytes: Buffer.from("before\n") });
  expect(rest).toMatchObject([
    { kind: "gap", from: 7, to: undefined },
    // Started once, and not again elsewhere: nobody knows how much of it was done.
    { kind: "exit", status: "FAILED", errorType: "NODE_LOST" },
  ]);
  await live.restart(holderId);
}, 120_000);

test("cox start, status, logs and stop work from the command line, byte for byte", async () => {
  const started = await cox("start", "printf 'a\\000\\377'; printf b >&2");
  expect(started.code).toBe(0);
  const id = started.stdout.trim();
  expect(await cox("logs", "-f", id)).toEqual({ code: 0, stdout: "a\0\xff", stderr: "b" });
  expect(await cox("logs", "--tail", "2", id)).toMatchObject({ code: 0, stdout: expect.stringMatching(/^.?\xff?$/) });
  const status = await cox("status", id);
  expect([status.code, status.stdout]).toEqual([0, expect.stringContaining("COMPLETED")]);

  const followed = await cox("start", "--follow", "--", "sh", "-c", "echo $0; exit 3", "$HOME");
  expect([followed.code, followed.stdout]).toEqual([1, "$HOME\n"]);

  const running = (await cox("start", "sleep 600")).stdout.trim();
  expect((await cox("stop", running)).code).toBe(0);
  expect(await client.waitFor(running, { timeoutMs: 30_000 })).toMatchObject({ status: "CANCELLED" });
}, 120_000);
