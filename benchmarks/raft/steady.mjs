/**
 * Full load for a long time: does the leader stay? Every change of leader after the first is a spurious election, since no
 * member is stopped.
 *
 *     node benchmarks/raft/steady.mjs [--minutes 10] [--json]
 */
import { parseArgs } from "node:util";
import { RaftCluster } from "./cluster.mjs";
import { shown } from "./statistics.mjs";

export async function measureSteadiness({ minutes, inFlight = 256, directory }) {
  const cluster = await RaftCluster.start({ directory });
  try {
    const leader = await cluster.leader();
    const before = await leader.call("status");
    const startedAt = performance.now();
    // A proposal that meets an election is in doubt, which ends the load.
    const figure = await leader
      .call("load", { inFlight, seconds: minutes * 60, warmupSeconds: 2, payloadBytes: 256 })
      .catch((error) => ({ endedAfterSeconds: (performance.now() - startedAt) / 1_000, because: error.message }));
    const statuses = await Promise.all([...cluster.running.values()].map((member) => member.call("status")));
    const terms = statuses.map(({ term }) => term);
    return {
      ...figure,
      elections: Math.max(...terms) - before.term,
      longestStallMs: statuses.map(({ longestStallMs }) => Math.round(longestStallMs)).join(" "),
      longestGcMs: statuses.map(({ longestGcMs }) => Math.round(longestGcMs)).join(" "),
      rssMiB: statuses.map(({ rss }) => Math.round(rss / 2 ** 20)).join(" "),
    };
  } finally {
    await cluster.stop();
  }
}

if (process.argv[1] === import.meta.filename) {
  const { values } = parseArgs({ options: { minutes: { type: "string", default: "10" }, directory: { type: "string" }, json: { type: "boolean" } } });
  const figures = await measureSteadiness({ minutes: Number(values.minutes), directory: values.directory });
  if (values.json) console.log(JSON.stringify(figures));
  else console.log(Object.entries(figures).map(([name, value]) => `${name} ${typeof value === "number" ? shown(value) : value}`).join("  "));
}
