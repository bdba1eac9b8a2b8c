/**
 * A follower that was away while a million entries were written comes back and is brought up by a snapshot, while writes go
 * on at a steady rate. Compared are the latencies of those writes before it comes back and while it catches up; medians of
 * the rounds, each with a cluster of its own.
 *
 *     node benchmarks/raft/catch-up.mjs [--rounds 3] [--entries 1000000] [--rate 1000] [--directory DIR] [--json]
 */
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { RaftCluster } from "./cluster.mjs";
import { median, shown } from "./statistics.mjs";

const PAYLOAD_BYTES = 256;
const QUIET_SECONDS = 30;

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
    if (snapshots.every(({ id }) => id !== back.id)) throw new Error("The member caught up without a snapshot.");
    return { seconds, before, during, after, ratio: during.p99Ms / before.p99Ms };
  } finally {
    await cluster.stop();
  }
}

async function caughtUp(leader, id) {
  for (;;) {
    const { peers } = await leader.call("status");
    const peer = peers.find((one) => one.id === id);
    if (peer?.recentlyActive && peer.state === "replicate" && peer.lagEntries < 1_000) return;
    await delay(100);
  }
}

const WHEN = ["before", "during", "after"];

function sayRound(round, figures) {
  const p99s = WHEN.map((when) => `${shown(figures[when].p99Ms)} ms ${when}`).join(", ");
  console.error(`round ${round}  caught up in ${shown(figures.seconds)} s; p99 ${p99s}`);
}

/** Medians of the rounds, figure by figure. */
function medians(rounds) {
  const of = (take) => median(rounds.map(take));
  const windows = WHEN.map((when) => {
    const { commits, failures } = rounds.map((round) => round[when]).reduce((sum, window) => ({ commits: sum.commits + window.commits, failures: sum.failures + window.failures }));
    return [when, { commits, failures, p50Ms: of((round) => round[when].p50Ms), p99Ms: of((round) => round[when].p99Ms), maxMs: of((round) => round[when].maxMs) }];
  });
  return { ...Object.fromEntries(windows), seconds: of((round) => round.seconds), ratio: of((round) => round.ratio) };
}

if (process.argv[1] === import.meta.filename) {
  const options = {
    rounds: { type: "string", default: "3" },
    entries: { type: "string", default: "1000000" },
    rate: { type: "string", default: "1000" },
    directory: { type: "string" },
    json: { type: "boolean" },
  };
  const { values } = parseArgs({ options });
  const rounds = [];
  for (let round = 1; round <= Number(values.rounds); round++) {
    rounds.push(await measureCatchUp({ entries: Number(values.entries), perSecond: Number(values.rate), directory: values.directory }));
    sayRound(round, rounds.at(-1));
  }
  if (values.json) console.log(JSON.stringify({ rounds, medians: medians(rounds) }));
  else {
    const { seconds, ratio, ...windows } = medians(rounds);
    for (const [when, { commits, failures, p50Ms, p99Ms, maxMs }] of Object.entries(windows))
      console.log(`${when.padEnd(8)} ${commits} commits, ${failures} failures, p50 ${shown(p50Ms)} ms, p99 ${shown(p99Ms)} ms, max ${shown(maxMs)} ms`);
    console.log(`caught up in ${shown(seconds)} s; p99 ${shown(ratio)} times that before`);
  }
}
