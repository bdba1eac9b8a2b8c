/**
 * Commits per second and their latency: three durable members of ours, or of the bare path.
 */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { RaftCluster } from "./cluster.mjs";

const LOAD = fileURLToPath(new URL("load-over-grpc.mjs", import.meta.url));

/** One cluster, and one closed loop inside its leader for each of `inFlight`. */
export function measureCommits({ inFlight, seconds, warmupSeconds = 2, payloadBytes = 256, ...cluster }) {
  return eachLoad(cluster, inFlight, (count, leader) =>
    leader.call("load", { inFlight: count, seconds, warmupSeconds, payloadBytes }),
  );
}

/** The same with the load in a process of its own, over one gRPC stream to the leader. */
export function measureCommitsOverGrpc({ inFlight, seconds, warmupSeconds = 2, payloadBytes = 256, ...cluster }) {
  return eachLoad(cluster, inFlight, async (count, leader, members) => {
    const options = { address: members.addressOf(leader.id), tls: members.clientTls, inFlight: count, seconds, warmupSeconds, payloadBytes };
    const { stdout } = await promisify(execFile)(process.execPath, [LOAD, JSON.stringify(options)]);
    return JSON.parse(stdout);
  });
}

async function eachLoad(options, inFlight, load) {
  const members = await RaftCluster.start(options);
  try {
    const figures = [];
    for (const count of inFlight) {
      const leader = await members.leader();
      const before = await usage(members);
      const figure = await load(count, leader, members);
      const after = await usage(members);
      // By process and by commit: unlike a rate, it does not depend much on what else the machine does.
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
