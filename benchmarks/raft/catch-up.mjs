/**
 * A follower that was away while a million entries were written comes back and is brought up by a snapshot, while writes go
 * on at a steady rate. Compared are the latencies of those writes before it comes back and while it catches up.
 *
 *     node benchmarks/raft/catch-up.mjs [--entries 1000000] [--rate 1000] [--json]
 */
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { RaftCluster } from "./cluster.mjs";
import { shown } from "./statistics.mjs";

const PAYLOAD_BYTES = 256;
const QUIET_SECONDS = 15;

export async function measureCatchUp({ entries, perSecond, directory }) {
  const cluster = await RaftCluster.start({ directory, state: "level" });
  try {
    const leader = await cluster.leader();
    const away = [...cluster.running.keys()].find((id) => id !== leader.id);
    await cluster.kill(away);
    await leader.call("fill", { count: entries, inFlight: 256, payloadBytes: PAYLOAD_BYTES });
    await leader.call("pace", { perSecond, keys: entries, payloadBytes: PAYLOAD_BYTES });
    await delay(5_000);
    await leader.call("paced");
    await delay(QUIET_SECONDS * 1_000);
    const before = await leader.call("paced");

    const snapshots = [];
    const stopListening = cluster.listen((event) => event.event === "snapshotInstalled" && snapshots.push(event));
    const startedAt = performance.now();
    const back = await cluster.startMember(away);
    await caughtUp(leader, away);
    const seconds = (performance.now() - startedAt) / 1_000;
    const during = await leader.call("paced");
    stopListening();

    await delay(2_000);
    await leader.call("paced");
    await delay(QUIET_SECONDS * 1_000);
    const after = await leader.call("paced");
    await leader.call("unpaced");
    const { rss } = await leader.call("status");
    if (snapshots.every(({ id }) => id !== back.id)) throw new Error("The member caught up without a snapshot.");
    return { entries, perSecond, seconds, before, during, after, ratio: during.p99Ms / before.p99Ms, leaderRssMiB: Math.round(rss / 2 ** 20) };
  } finally {
    await cluster.stop();
  }
}

async function caughtUp(leader, id) {
  for (;;) {
    const { peers } = await leader.call("status");
    const peer = peers.find((one) => one.id === id);
    if (peer?.recentlyActive && peer.state === "replicate" && peer.lagEntries < 1_000) return;
    await delay(20);
  }
}

if (process.argv[1] === import.meta.filename) {
  const options = { entries: { type: "string", default: "1000000" }, rate: { type: "string", default: "1000" }, directory: { type: "string" }, json: { type: "boolean" } };
  const { values } = parseArgs({ options });
  const figures = await measureCatchUp({ entries: Number(values.entries), perSecond: Number(values.rate), directory: values.directory });
  if (values.json) console.log(JSON.stringify(figures));
  else {
    const { before, during, after, seconds, ratio, leaderRssMiB } = figures;
    for (const [when, { commits, failures, p50Ms, p99Ms, maxMs }] of Object.entries({ before, during, after }))
      console.log(`${when.padEnd(8)} ${commits} commits, ${failures} failures, p50 ${shown(p50Ms)} ms, p99 ${shown(p99Ms)} ms, max ${shown(maxMs)} ms`);
    console.log(`caught up in ${shown(seconds)} s; p99 ${shown(ratio)} times that before; leader ${leaderRssMiB} MiB resident`);
  }
}
