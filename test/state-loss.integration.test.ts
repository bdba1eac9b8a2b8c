/**
 * A node whose state is gone or damaged, while its log is compacted, gets it back from a peer by itself (G17).
 */
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { CoxswainClient, JobListItem } from "@coxswain/client";
import { caughtUp } from "../scripts/lib/crash-rounds.mjs";
import { LiveCluster } from "./live-cluster.ts";

const LOST = 3;
/** Large commands fill a log of one megabyte soon. */
const PADDING = "x".repeat(7_000);
const BATCH = 300;

let live: LiveCluster;
let client: CoxswainClient;
let submitted = 0;

beforeAll(async () => {
  live = await LiveCluster.start({ extraArgs: ["--log-max-bytes", "1MB"] });
  client = live.connect();
}, 60_000);
afterAll(async () => live.destroy(), 60_000);

/** Jobs in the future: they only have to be remembered. */
async function submitSome(count: number): Promise<void> {
  const specs = Array.from({ length: count }, () => ({
    id: `job-${submitted++}`,
    command: `true ${PADDING}`,
    schedule: { kind: "at", atMs: Date.now() + 86_400_000 } as const,
  }));
  for (const outcome of await client.submitMany(specs)) if (!outcome.ok) throw outcome.error;
}

/** More than the log keeps, so that every node has compacted. */
async function fillLogs(): Promise<void> {
  await submitSome(BATCH);
  for (const node of live.cluster.nodes) await caughtUp({ cluster: live.cluster, connect: live.connect, node });
}

async function logOf(nodeId: number): Promise<string[]> {
  const path = live.cluster.node(nodeId)?.logPath ?? "";
  return (await readFile(path, "utf8")).split("\n").filter((line) => line !== "");
}

async function said(nodeId: number, text: string): Promise<number> {
  return (await logOf(nodeId)).filter((line) => line.includes(text)).length;
}

/** What one node answers from its own state. */
async function staleJobs(nodeId: number): Promise<JobListItem[]> {
  const own = live.connect([live.cluster.node(nodeId)?.address ?? ""]);
  const jobs: JobListItem[] = [];
  for await (const job of own.listAll({ stale: true, pageSize: 50 })) jobs.push(job);
  own.close();
  return jobs;
}

async function loseAndReturn(damage: (stateDirectory: string) => Promise<void>): Promise<void> {
  await live.cluster.node(LOST)?.kill("SIGKILL");
  await damage(join(live.cluster.directory, `node-${LOST}`, "state"));
  const restarted = live.restart(LOST);
  // Writes go on meanwhile.
  await submitSome(20);
  await restarted;
  for (const node of live.cluster.nodes) await caughtUp({ cluster: live.cluster, connect: live.connect, node });
}

async function expectSameStates(): Promise<void> {
  const [own, ...others] = await Promise.all([LOST, 1, 2].map(staleJobs));
  expect(own).toHaveLength(submitted);
  for (const other of others) expect(own).toEqual(other);
}

describe("a node killed after its log was compacted (G17)", () => {
  test("whose state directory was removed gets the state from a peer, and answers as the others do", async () => {
    await fillLogs();
    expect(await said(LOST, '"event":"logCompacted"')).toBeGreaterThan(0);
    await loseAndReturn((state) => rm(state, { recursive: true }));
    expect(await said(LOST, "the state ends before the log begins")).toBe(1);
    expect(await said(LOST, '"event":"snapshotInstalled"')).toBe(1);
    await expectSameStates();
  }, 120_000);

  test("whose state is damaged sets it aside, and gets another from a peer", async () => {
    await fillLogs();
    await loseAndReturn(async (state) => {
      const name = (await readFile(join(state, "CURRENT_STATE"), "utf8")).trim();
      await writeFile(join(state, name, "CURRENT"), "damaged");
    });
    expect(await said(LOST, "was set aside")).toBe(1);
    expect(await said(LOST, '"event":"snapshotInstalled"')).toBe(2);
    const kept = await readdir(join(live.cluster.directory, `node-${LOST}`));
    expect(kept.filter((name) => name.startsWith("damaged-"))).toHaveLength(1);
    await expectSameStates();
  }, 120_000);
});
