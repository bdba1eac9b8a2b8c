/**
 * A long crash test.
 */
import { join } from "node:path";
import { CoxswainClient } from "@coxswain/client";
import { until } from "./until.mjs";
import { LocalCluster } from "./cluster.mjs";
import { AttemptLedger, brokenPromises, crashRounds, seededRandom } from "./crash-rounds.mjs";

/** Runs for so long, prints what it did, resolves with the exit code. */
export async function soak({ minutes, seed }) {
  console.log(`seed ${seed}, ${minutes} minutes`);
  const cluster = await LocalCluster.create({ extraArgs: ["--log-level", "info", "--log-format", "json", "--max-active-jobs", "1000000"] });
  const { caCert: ca, cert, key } = cluster.certificates.admin;
  const connect = (servers) => CoxswainClient.connect({ servers, tls: { ca, cert, key } });
  const ledger = new AttemptLedger(join(cluster.directory, "ledger.txt"));
  const client = connect(cluster.addresses);
  let failed = true;
  try {
    await ledger.open();
    cluster.start();
    await until("three nodes are ready", async () => {
      const { nodes } = await client.clusterStatus({ timeoutMs: 1_000 });
      return nodes.filter((node) => node.isAlive).length === 3;
    });
    const endsAt = Date.now() + minutes * 60_000;
    const submissions = await crashRounds({
      cluster,
      connect,
      jobOf: (n) => jobOf(n, ledger),
      random: seededRandom(seed),
      rounds: () => Date.now() < endsAt,
      onRound: (round, nodeId) => console.log(`round ${round}: kill -9 node ${nodeId}`),
    });
    const { broken, jobs } = await brokenPromises({ client, submissions, ledger });
    console.log(`${submissions.acknowledged.length} acknowledged, ${submissions.unacknowledged.length} not, ${jobs.size} exist`);
    for (const sentence of broken.slice(0, 20)) console.error(`broken: ${sentence}`);
    failed = broken.length > 0;
    return failed ? 1 : 0;
  } finally {
    client.close();
    if (failed) {
      console.error(`Left for a look: ${cluster.directory}`);
      for (const node of cluster.nodes) await node.kill("SIGTERM");
    } else await cluster.destroy();
  }
}

/** Mostly jobs that complete at once; every tenth is a process that takes a moment and writes down what it did. */
export function jobOf(n, ledger) {
  const id = `soak-${process.pid}-${n}`;
  return n % 10 === 0 ? { id, command: ledger.command(0.2) } : { id, task: { kind: "none" } };
}
