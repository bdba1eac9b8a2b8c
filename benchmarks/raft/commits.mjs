/**
 * Commits per second and their latency: three durable members, the load inside the leader.
 */
import { RaftCluster } from "./cluster.mjs";

/** One cluster, one closed loop for each of `inFlight`. */
export async function measureCommits({ inFlight, seconds, warmupSeconds = 2, payloadBytes = 256, ...cluster }) {
  const members = await RaftCluster.start(cluster);
  try {
    const figures = [];
    for (const count of inFlight) {
      const leader = await members.leader();
      const before = await usage(members);
      const figure = await leader.call("load", { inFlight: count, seconds, warmupSeconds, payloadBytes });
      const after = await usage(members);
      // By process and by commit: unlike a rate, it does not depend on what else the machine does.
      const commits = after.commitIndex - before.commitIndex;
      const cpuUs = after.cpuMs.map((cpuMs, n) => Math.round(((cpuMs - before.cpuMs[n]) * 10_000) / commits) / 10);
      figures.push({ ...figure, cpuUs });
    }
    return figures;
  } finally {
    await members.stop();
  }
}

/** Processor time of each member, the leader first, and how far they came. */
async function usage(members) {
  const all = await Promise.all([...members.running.values()].map((member) => member.call("status")));
  all.sort((one, other) => Number(other.role === "leader") - Number(one.role === "leader"));
  return { commitIndex: all[0].commitIndex, cpuMs: all.map((status) => status.cpuMs) };
}
