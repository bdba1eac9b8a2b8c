/**
 * Promises 1 to 3 with real processes: nodes are killed with SIGKILL while jobs are submitted.
 */
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { CoxswainClient } from "@coxswain/client";
import { AttemptLedger, brokenPromises, caughtUp, crashRounds, seededRandom } from "../scripts/lib/crash-rounds.mjs";
import { until } from "../scripts/lib/until.mjs";
import { LiveCluster } from "./live-cluster.ts";

const ROUNDS = 10;
const seed = Number(process.env["COX_TEST_SEED"] ?? Date.now() % 2 ** 32);

let live: LiveCluster;
let client: CoxswainClient;
let ledger: AttemptLedger;

beforeAll(async () => {
  live = await LiveCluster.start({ extraArgs: ["--log-level", "warn", "--max-active-jobs", "1000000"] });
  client = live.connect();
  ledger = new AttemptLedger(join(live.cluster.directory, "ledger.txt"));
  await ledger.open();
}, 60_000);
afterAll(async () => live.destroy(), 60_000);

describe(`kill -9 under load (seed ${seed}; COX_TEST_SEED repeats it)`, () => {
  test("32 submits in flight, 10 rounds: what was acknowledged exists once and ends once, no two attempts overlap", async () => {
    const submissions = await crashRounds({
      cluster: live.cluster,
      connect: live.connect,
      jobOf: (n) =>
        n % 10 === 0 ? { id: `kill-${n}`, command: ledger.command(0.2) } : { id: `kill-${n}`, task: { kind: "none" } },
      random: seededRandom(seed),
      rounds: (round) => round <= ROUNDS,
    });
    const { broken, jobs } = await brokenPromises({ client, submissions, ledger });
    expect(broken).toEqual([]);
    expect(jobs.size).toBeGreaterThanOrEqual(submissions.acknowledged.length);
    expect(submissions.acknowledged.length).toBeGreaterThan(100);
  }, 180_000);

  test("all three killed at once: nothing acknowledged is lost, and what came due meanwhile fires once", async () => {
    const stored = await client.submit({ command: "echo kept", schedule: { kind: "at", atMs: Date.now() + 3_600_000 } });
    // Due every second; nobody is there for several of them.
    const cron = await client.submit({ command: "true", schedule: { kind: "cron", expression: "* * * * * *" } });
    await until("the cron job has run", async () => (await client.executions(cron.jobId)).executions.length > 0);
    const due = await client.submit({ command: "echo due", schedule: { kind: "at", atMs: Date.now() + 1_000 } });

    await Promise.all(live.cluster.nodes.map((node) => node.kill("SIGKILL")));
    const downFromMs = Date.now();
    await until("two seconds have passed", () => Date.now() > downFromMs + 2_500);
    live.cluster.start();
    const upAtMs = Date.now();
    await live.everyNodeAlive();
    for (const node of live.cluster.nodes) await caughtUp({ cluster: live.cluster, connect: live.connect, node });

    expect((await client.status(stored.jobId)).state).toBe("ACTIVE");
    const ended = await client.waitFor(due.jobId, { timeoutMs: 30_000 });
    expect(ended).toMatchObject({ status: "COMPLETED", executions: 1 });

    await until("the cron job goes on", async () => {
      const [newest] = (await client.executions(cron.jobId)).executions;
      return newest !== undefined && newest.dueMs > upAtMs;
    });
    await client.cancel(cron.jobId);
    const { executions } = await client.executions(cron.jobId, { pageSize: 1_000 });
    const dues = executions.map(({ dueMs }) => dueMs);
    expect(new Set(dues).size).toBe(dues.length);
    // Misfire "once": of the seconds that passed unattended, one runs and the others are counted as missed.
    const status = await client.status(cron.jobId);
    expect(status.missedOccurrences).toBeGreaterThan(0);
    const span = (Math.max(...dues) - Math.min(...dues)) / 1_000 + 1;
    expect(dues.length + status.missedOccurrences).toBe(span);
  }, 120_000);
});
