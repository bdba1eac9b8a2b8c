/**
 * The demo: what a stranger sees first.
 */
import { setTimeout as delay } from "node:timers/promises";
import { executorNotes } from "@coxswain/cli";
import { CoxswainClient } from "@coxswain/client";
import { LocalCluster } from "../lib/cluster.mjs";
import { caughtUp } from "../lib/crash-rounds.mjs";
import { engineSocket, hasImage } from "./engine.mjs";
import { PipeLedger, WebhookLedger } from "./ledger.mjs";
import { until } from "../lib/until.mjs";
import { PromiseBroken, verify } from "./verify.mjs";
import { Watch } from "./watch.mjs";

const PREFERRED_PORT = 50_051;
const LOOK_EVERY_MS = 250;
const IMAGE = "alpine:latest";

/** Everything the demo opens, to be closed whatever happens. */
class Stage {
  static async open() {
    const stage = new Stage();
    try {
      await stage.#open();
      return stage;
    } catch (error) {
      await stage.close();
      throw error;
    }
  }

  async #open() {
    this.processes = new PipeLedger();
    this.webhooks = new WebhookLedger();
    await this.processes.open();
    await this.webhooks.open();
    this.cluster = await LocalCluster.create({
      preferredPort: PREFERRED_PORT,
      isolation: "full",
      extraArgs: [
        // The webhook receiver listens on loopback, which webhooks may not call unless a node allows it.
        ...["--webhook-allow", "127.0.0.1/32", "--log-format", "json"],
        ...["--process-read-only-paths", this.processes.directory, "--docker-socket", engineSocket()],
      ],
    });
    this.client = this.connect(this.cluster.addresses);
    this.watch = new Watch(this.client);
    this.jobs = [];
  }

  connect(servers) {
    const { caCert: ca, cert, key } = this.cluster.certificates.admin;
    return CoxswainClient.connect({ servers, tls: { ca, cert, key } });
  }

  async submit(name, spec, ledger) {
    const { jobId } = await this.client.submit(spec);
    this.jobs.push({ id: jobId, name, ledger });
    this.watch.follow(name, jobId);
    return jobId;
  }

  async close() {
    this.client?.close();
    this.webhooks?.close();
    await this.cluster?.destroy();
    await this.processes?.close();
  }
}

/** Resolves with the exit code. */
export async function runDemo({ exit }) {
  const interrupted = new AbortController();
  const interrupt = () => interrupted.abort();
  process.once("SIGINT", interrupt).once("SIGTERM", interrupt);
  let stage;
  try {
    stage = await Stage.open();
    await startCluster(stage);
    const cronId = await submitJobs(stage);
    if (exit) await proveIt(stage, cronId);
    else await showUntilInterrupted(stage, interrupted.signal);
    return 0;
  } catch (error) {
    if (interrupted.signal.aborted) return 0;
    console.error(error instanceof PromiseBroken ? `\nA promise was broken: ${error.message}` : error);
    return 1;
  } finally {
    console.log("\nStopping the nodes and removing what they left ...");
    await stage?.close();
    process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
  }
}

async function startCluster(stage) {
  const { cluster, client } = stage;
  console.log(`\nStarting three nodes with mutual TLS: ${cluster.addresses.join(", ")}`);
  cluster.start();
  const status = await until("three nodes are ready", async () => {
    const seen = await client.clusterStatus({ timeoutMs: 1_000 });
    return seen.leaderId !== 0 && seen.nodes.filter((node) => node.isAlive).length === 3 && seen;
  });
  console.log(`Node ${status.leaderId} leads cluster ${status.clusterId}, term ${status.currentTerm}.`);
  await showExecutors(stage, status.nodes);
  console.log("\n  ended at      where   job        status       took    started     last line of output");
}

/** What each node can run on this machine, and why it cannot run the rest. */
async function showExecutors(stage, nodes) {
  for (const node of nodes)
    console.log(`  node ${node.nodeId}  ${node.address}  runs ${node.executors.join(", ")}, ${node.capacity} at a time`);
  for (const note of executorNotes(nodes)) console.log(`  ${note}`);
  if (nodes.some((node) => node.executorLimitations.process !== undefined))
    console.log("  This demo runs processes all the same, with what there is; other nodes refuse them unless told --allow-unlimited-processes.");
  stage.runsContainers = nodes.some((node) => node.executors.includes("docker"));
  stage.hasImage = stage.runsContainers && (await hasImage(engineSocket(), IMAGE));
  if (stage.runsContainers && !stage.hasImage)
    console.log(`  The engine has no ${IMAGE}: after \`docker pull ${IMAGE}\` this demo shows a container, too.`);
}

/** A job of each kind that there is; resolves with the id of the cron job. */
async function submitJobs(stage) {
  // Seen only: no promise of this demo depends on an engine that is not its own.
  if (stage.hasImage) {
    const task = { kind: "docker", image: IMAGE, shell: "echo hello from a container" };
    stage.watch.follow("container", (await stage.client.submit({ task })).jobId);
  }
  await stage.submit("shell", { command: stage.processes.command("hello from a shell job") }, "process");
  const at = { kind: "at", atMs: Date.now() + 3_000 };
  await stage.submit("one-time", { command: stage.processes.command("three seconds later"), schedule: at }, "process");
  const cron = { kind: "cron", expression: "*/5 * * * * *" };
  const cronId = await stage.submit("cron", { command: stage.processes.command("every five seconds"), schedule: cron }, "process");
  await stage.submit("webhook", { task: { kind: "webhook", url: stage.webhooks.url, payload: '{"from":"demo"}' } }, "webhook");
  return cronId;
}

async function showUntilInterrupted(stage, signal) {
  const { caCert, cert, key } = stage.cluster.certificates.admin;
  setTimeout(() => {
    console.log(`
Talk to it from another terminal, in this directory:

  export COX_SERVER=${stage.cluster.addresses.join(",")}
  export COX_CA_CERT=${caCert} COX_CERT=${cert} COX_KEY=${key}
  npx cox cluster status
  npx cox job submit "echo hello"
  npx cox job submit --docker --image ${IMAGE} "echo hello"${stage.runsContainers ? "" : "   # waits: no node runs containers"}
  npx cox job list

Ctrl-C ends it.
`);
  }, 4_500).unref();
  while (!signal.aborted) {
    await stage.watch.look().catch(() => {});
    await delay(LOOK_EVERY_MS, undefined, { signal }).catch(() => {});
  }
}

/** Kills the leader between submits, goes on, brings it back, and holds everyone's history against the ledgers. */
async function proveIt(stage, cronId) {
  const { cluster, client, watch } = stage;
  await lookUntil(stage, "the one-time job and two cron occurrences have run", async () => {
    const { executions } = await client.executions(cronId);
    const others = await Promise.all(stage.jobs.filter(({ id }) => id !== cronId).map(({ id }) => client.status(id)));
    return executions.length >= 2 && idle(executions) && others.every(({ status }) => status === "COMPLETED");
  });

  await betweenOccurrences(stage, cronId);
  const { leaderId } = await client.clusterStatus();
  const leader = cluster.node(leaderId);
  console.log(`\nKilling the leader, node ${leaderId}, with SIGKILL.`);
  await leader.kill("SIGKILL");
  const killedAt = performance.now();
  await stage.submit("after", { command: stage.processes.command("submitted after the kill") }, "process");
  console.log(`The next submit was acknowledged ${Math.round(performance.now() - killedAt)} ms after the kill.`);
  for (let n = 1; n <= 10; n++)
    await stage.submit(`after ${n}`, { command: stage.processes.command(`number ${n} after the kill`) }, "process");
  await stage.submit("webhook 2", { task: { kind: "webhook", url: stage.webhooks.url, payload: "{}" } }, "webhook");

  console.log(`Restarting node ${leaderId}.\n`);
  leader.start();
  await caughtUp({ cluster, connect: (servers) => stage.connect(servers), node: leader });
  await lookUntil(stage, "every job has completed", async () => {
    const ended = await Promise.all(stage.jobs.filter(({ id }) => id !== cronId).map(({ id }) => client.status(id)));
    return ended.every(({ status }) => status === "COMPLETED");
  });
  // No occurrence may begin while the ledgers are read, and none may be cut short by the cancel.
  await betweenOccurrences(stage, cronId);
  await client.cancel(cronId, { reason: "the demo ends" });
  await lookUntil(stage, "the last cron occurrence has ended", async () => idle((await client.executions(cronId)).executions));
  for (const node of cluster.nodes) await caughtUp({ cluster, connect: (servers) => stage.connect(servers), node });
  await watch.look();
  await report(stage);
}

async function report(stage) {
  const clients = new Map(stage.cluster.nodes.map((node) => [node.id, stage.connect([node.address])]));
  try {
    const processRuns = await stage.processes.runs();
    const webhookRuns = stage.webhooks.runs();
    const { jobs, executions } = await verify({ clients, jobs: stage.jobs, processRuns, webhookRuns });
    console.log(`
Every promise held:
  ${jobs} acknowledged jobs, all known to all three nodes
  ${executions} occurrences, each with one execution, each COMPLETED
  ${processRuns.size + webhookRuns.size} runs in the ledgers outside the cluster, each execution exactly once
  three nodes tell the same history`);
  } finally {
    for (const client of clients.values()) client.close();
  }
}

/**
 * Resolves just after an occurrence ended, seconds before the next: killing a node in the middle of a shell job would
 * make it run again (at least once is the default), and this demo shows that each runs once.
 */
async function betweenOccurrences(stage, cronId) {
  await lookUntil(stage, "a cron occurrence has just ended", async () => {
    const [newest] = (await stage.client.executions(cronId, { pageSize: 1 })).executions;
    return newest?.finishedAtMs !== undefined && newest.finishedAtMs > Date.now() - 1_500;
  });
}

const idle = (executions) => executions.every(({ status }) => status !== "PENDING" && status !== "RUNNING");

/** Shows what happens while it waits. */
async function lookUntil(stage, what, condition) {
  await until(what, async () => {
    await stage.watch.look();
    return await condition();
  }, { timeoutMs: 60_000, everyMs: LOOK_EVERY_MS });
}
