/**
 * Jobs are submitted without pause while nodes are killed with SIGKILL, one at a time, and restarted. Used by the crash test, for a
 * few rounds, and by `npm run soak`, for as long as one likes.
 */
import { readFile, writeFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { until } from "./until.mjs";

/** A seeded generator of numbers in [0, 1) (mulberry32), so that a failing run can be repeated. */
export function seededRandom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The file in which each attempt writes down its start and its end. */
export class AttemptLedger {
  constructor(path) {
    this.path = path;
  }

  async open() {
    await writeFile(this.path, "");
  }

  /** A shell line that takes `seconds`. */
  command(seconds) {
    const note = (word) => `echo "${word} $COX_EXECUTION_ID $COX_ATTEMPT" >> '${this.path}'`;
    return `${note("start")}; sleep ${seconds}; ${note("end")}`;
  }

  /** Attempts in the order of the file: execution -> [{word, attempt}]. */
  async events() {
    const events = new Map();
    for (const line of (await readFile(this.path, "utf8")).split("\n")) {
      const [word, execution, attempt] = line.split(" ");
      if (attempt === undefined) continue;
      const list = events.get(execution) ?? [];
      list.push({ word, attempt: Number(attempt) });
      events.set(execution, list);
    }
    return events;
  }
}

/** What was submitted and what came of it. */
export class Submissions {
  /** Ids whose submit was acknowledged. */
  acknowledged = [];
  /** Ids whose submit failed: they may exist, once, or not at all. */
  unacknowledged = [];
}

/** Keeps `inFlight` submits under way until `stopped()`. */
async function submitAll({ client, jobOf, inFlight, stopped, submissions }) {
  let next = 0;
  const lane = async () => {
    while (!stopped()) {
      const spec = jobOf(next++);
      try {
        await client.submit(spec);
        submissions.acknowledged.push(spec.id);
      } catch (error) {
        submissions.unacknowledged.push(spec.id);
        if (error.category === "invalid" || error.category === "denied") throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
}

/** One node is killed and restarted; resolves when it answers and holds what the leader had committed. */
export async function killAndRestart({ cluster, connect, node, downMs }) {
  await node.kill("SIGKILL");
  await delay(downMs);
  node.start();
  await caughtUp({ cluster, connect, node });
}

/** The node has applied everything that was committed when this was called. */
export async function caughtUp({ cluster, connect, node }) {
  const everyone = await connect(cluster.addresses);
  const own = await connect([node.address]);
  try {
    await until(`node ${node.id} catches up`, async () => {
      const { commitIndex } = await everyone.clusterStatus();
      const status = await own.clusterStatus({ stale: true });
      return status.appliedIndex >= commitIndex;
    });
  } finally {
    everyone.close();
    own.close();
  }
}

/**
 * Rounds of kills under load.
 *
 * @param {{cluster: object, connect: (servers: readonly string[]) => Promise<object>, jobOf: (n: number) => object,
 *   inFlight?: number, rounds: () => boolean, random: () => number, onRound?: (round: number, nodeId: number) => void}} options
 */
export async function crashRounds({ cluster, connect, jobOf, inFlight = 32, rounds, random, onRound = () => {} }) {
  const submissions = new Submissions();
  const client = await connect(cluster.addresses);
  let stopped = false;
  const load = submitAll({ client, jobOf, inFlight, stopped: () => stopped, submissions });
  try {
    for (let round = 1; rounds(round); round++) {
      const node = cluster.nodes[Math.floor(random() * cluster.nodes.length)];
      onRound(round, node.id);
      await killAndRestart({ cluster, connect, node, downMs: Math.floor(random() * 1_000) });
      await delay(Math.floor(random() * 500));
    }
  } finally {
    stopped = true;
    await load;
    client.close();
  }
  return submissions;
}

/** The claims of the crash test: returns what did not hold, as sentences. */
export async function brokenPromises({ client, submissions, ledger, settleMs = 60_000 }) {
  const broken = [];
  const jobs = new Map();
  await until("every job ends", async () => {
    jobs.clear();
    for await (const job of client.listAll()) {
      if (jobs.has(job.jobId)) broken.push(`${job.jobId} is listed twice`);
      jobs.set(job.jobId, job);
    }
    return [...jobs.values()].every((job) => !["PENDING", "RUNNING"].includes(job.status));
  }, { timeoutMs: settleMs, everyMs: 500 });
  for (const id of submissions.acknowledged) {
    const job = jobs.get(id);
    if (job === undefined) broken.push(`${id} was acknowledged and is gone`);
    else if (job.status !== "COMPLETED") broken.push(`${id} was acknowledged and is ${job.status}`);
  }
  const submitted = new Set([...submissions.acknowledged, ...submissions.unacknowledged]);
  for (const id of jobs.keys()) if (!submitted.has(id)) broken.push(`${id} exists and nobody submitted it`);
  for (const [execution, events] of await ledger.events()) broken.push(...overlaps(execution, events));
  return { broken, jobs };
}

/**
 * Each attempt started once; none went on after the next had begun. (An attempt whose node was killed has a start and no end.)
 */
function overlaps(execution, events) {
  const broken = [];
  const started = new Set();
  let newest = 0;
  for (const { word, attempt } of events) {
    if (word === "start" && started.has(attempt)) broken.push(`${execution}: attempt ${attempt} started twice`);
    if (attempt < newest) broken.push(`${execution}: attempt ${attempt} still ran after attempt ${newest} had begun`);
    if (word === "start") started.add(attempt);
    newest = Math.max(newest, attempt);
  }
  return broken;
}
