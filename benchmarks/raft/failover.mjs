/**
 * From SIGKILL of the leader to the next committed proposal, many times over.
 *
 *     node benchmarks/raft/failover.mjs [--rounds 300] [--json]
 */
import { parseArgs } from "node:util";
import { until } from "../../scripts/lib/until.mjs";
import { RaftCluster } from "./cluster.mjs";
import { latencies, percentile, shown } from "./statistics.mjs";

/** Kills the leader and resolves with the milliseconds until another member has committed a proposal. */
async function killLeader(cluster) {
  const leader = await cluster.leader();
  const others = [...cluster.running.values()].filter((member) => member !== leader);
  const tries = others.map((member) => member.call("proposeOnceLeading"));
  // They are trying by now: whoever answers this has begun.
  await Promise.all(others.map((member) => member.call("status")));
  const killedAt = performance.now();
  const killed = cluster.kill(leader.id);
  await Promise.race(tries);
  const elapsedMs = performance.now() - killedAt;
  await Promise.all(others.map((member) => member.call("giveUp")));
  await Promise.all([killed, ...tries]);
  return { elapsedMs, leader };
}

async function caughtUp(cluster) {
  await until("all members hold the whole log", async () => {
    const leader = await cluster.leader();
    const { peers } = await leader.call("status");
    return peers.length === 2 && peers.every((peer) => peer.recentlyActive && peer.lagEntries === 0);
  }, { everyMs: 20 });
}

export async function measureFailover({ rounds, directory, onRound = () => {} }) {
  const cluster = await RaftCluster.start({ directory });
  try {
    await caughtUp(cluster);
    const samplesMs = [];
    for (let round = 0; round < rounds; round++) {
      const { elapsedMs, leader } = await killLeader(cluster);
      samplesMs.push(elapsedMs);
      onRound(round, elapsedMs);
      await cluster.startMember(leader.id);
      await caughtUp(cluster);
    }
    return { rounds, minMs: Math.min(...samplesMs), p90Ms: percentile(samplesMs, 0.9), ...latencies(samplesMs) };
  } finally {
    await cluster.stop();
  }
}

if (process.argv[1] === import.meta.filename) {
  const { values } = parseArgs({ options: { rounds: { type: "string", default: "300" }, directory: { type: "string" }, json: { type: "boolean" } } });
  const figures = await measureFailover({ rounds: Number(values.rounds), directory: values.directory });
  if (values.json) console.log(JSON.stringify(figures));
  else console.log(Object.entries(figures).map(([name, value]) => `${name} ${shown(value)}`).join("  "));
}
