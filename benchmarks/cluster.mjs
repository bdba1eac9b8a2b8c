/**
 * Throughput, latency and memory of a three-node cluster.
 */
import { readFile } from "node:fs/promises";
import { cpus } from "node:os";
import { CoxswainClient } from "@coxswain/client";
import { LocalCluster } from "../scripts/lib/cluster.mjs";
import { until } from "../scripts/lib/until.mjs";
import { load, median, quantile } from "./measure.mjs";
import { durableWrites } from "./yardstick.mjs";

/** Far enough that nothing runs while submits are measured. */
const tomorrow = () => ({ kind: "at", atMs: Date.now() + 86_400_000 });
const stored = () => ({ command: "echo hello", schedule: tomorrow() });
const none = () => ({ task: { kind: "none" } });

const round = (value) => (value >= 100 ? Math.round(value) : Math.round(value * 100) / 100);

async function residentMiB(pid) {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
}

/** Repeats a measurement and keeps the run with the median rate. */
async function medianOf(runs, measure) {
  const results = [];
  for (let run = 0; run < runs; run++) results.push(await measure());
  const middle = median(results.map((result) => result.perSecond));
  return results.find((result) => result.perSecond === middle);
}

async function submitBatches(client, count, specOf) {
  const startedAt = performance.now();
  const outcomes = await client.submitMany(Array.from({ length: count }, specOf));
  const failed = outcomes.find((outcome) => !outcome.ok);
  if (failed) throw failed.error;
  return { perSecond: count / ((performance.now() - startedAt) / 1000) };
}

/** Milliseconds from calling submit to the payload being let go on the executing node; one at a time, on an idle cluster. */
async function submitToRunning(client, count) {
  const waits = [];
  for (let n = 0; n < count; n++) {
    const calledAtMs = Date.now();
    const { jobId } = await client.submit({ command: "true" });
    const ended = await until("the job ends", async () => {
      const [execution] = (await client.executions(jobId)).executions;
      return execution?.status === "COMPLETED" && execution;
    }, { everyMs: 5 });
    waits.push(ended.attempts[0].startedAtMs - calledAtMs);
  }
  return { p50Ms: quantile(waits, 0.5), p99Ms: quantile(waits, 0.99) };
}

async function finishJobs(client, total) {
  const step = 4_096;
  for (let done = 0; done < total; done += step) await submitBatches(client, Math.min(step, total - done), none);
}

export async function benchCluster({ jobs, runs }) {
  const figures = [];
  const note = (what, values) => {
    figures.push({ what, ...values });
    const shown = Object.entries(values).map(([name, value]) => `${name} ${typeof value === "number" ? round(value) : value}`);
    console.log(`${what.padEnd(52)} ${shown.join("  ")}`);
  };
  console.log(`Node ${process.version}, ${cpus().length} cores (${cpus()[0]?.model}); cluster, disks and load share them.\n`);
  const yardstick = await durableWrites(2_000);
  note("yardstick: LevelDB synced put, 256 B, 1 at a time", yardstick);

  const cluster = await LocalCluster.create({ extraArgs: ["--log-level", "warn", "--max-active-jobs", "10000000"] });
  const { caCert: ca, cert, key } = cluster.certificates.admin;
  const client = CoxswainClient.connect({ servers: cluster.addresses, tls: { ca, cert, key } });
  try {
    cluster.start();
    await until("three nodes are ready", async () => {
      const seen = await client.clusterStatus({ timeoutMs: 1_000 });
      return seen.nodes.filter((node) => node.isAlive).length === 3;
    });
    // Connections, code and caches warm up; none of it is measured.
    await load(2_000, 64, () => client.submit(none()));

    const one = await medianOf(runs, () => load(1_000, 1, () => client.submit(stored())));
    note("submit, 1 in flight", { ...one, ratioToYardstick: one.perSecond / yardstick.perSecond });
    const many = await medianOf(runs, () => load(10_000, 64, () => client.submit(stored())));
    note("submit, 64 in flight", { ...many, ratioToYardstick: many.perSecond / yardstick.perSecond });
    note("submit, batched (submitMany)", await medianOf(runs, () => submitBatches(client, 20_000, stored)));
    note("`none` jobs, submit to completed, 64 in flight", await medianOf(runs, () => load(10_000, 64, () => client.submit(none()))));
    note("submit to running, shell job, 1 at a time", await submitToRunning(client, 200));

    await finishJobs(client, jobs);
    for (const node of cluster.nodes) note(`memory of node ${node.id} after ${jobs} finished jobs`, { residentMiB: await residentMiB(node.pid) });
  } finally {
    client.close();
    await cluster.destroy();
  }
  return figures;
}
