/**
 * One member of a Raft cluster as a process: raft-core on raft-level and raft-grpc, with a counter for a state, or with a
 * key-value state on disk. It takes commands as lines of JSON on its standard input and answers each with one; see `cluster.mjs`.
 */
import { randomFillSync, randomInt } from "node:crypto";
import { join } from "node:path";
import { monitorEventLoopDelay, PerformanceObserver } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { Server } from "@grpc/grpc-js";
import { clockFrom, RaftNode, SnapshottedStateMachine } from "@coxswain/raft-core";
import { GrpcTransport, raftService } from "@coxswain/raft-grpc";
import { FileSnapshotStore, LevelLogStorage } from "@coxswain/raft-level";
import {
  channelCredentials,
  insecureChannelCredentials,
  insecureServerCredentials,
  loadTls,
  localNode,
  requireTls13,
  serverCredentials,
  serverOptions,
} from "@coxswain/rpc";
import { closedLoop } from "./closed-loop.mjs";
import { say, serveCommands } from "./commands.mjs";
import { LevelState } from "./level-state.mjs";
import { PacedLoad } from "./paced-load.mjs";
import { proposeService } from "./propose-service.mjs";

// As coxswaind does, and as the README of raft-core tells who embeds it: fewer whole collections, a larger heap.
setFlagsFromString("--heap-growing-percent=300");

const { id, members, directory, tls, settings, state } = JSON.parse(process.argv[2]);
const self = members.find((member) => member.id === id);
requireTls13();
const material = tls && loadTls(tls);

const counter = {
  initial: () => ({ count: 0 }),
  apply: (state) => (state.count += 1),
  encode: (state) => Buffer.from(JSON.stringify(state)),
  decode: (bytes) => JSON.parse(Buffer.from(bytes).toString()),
};

const storage = await LevelLogStorage.open(join(directory, "log"));
const stateMachine =
  state === "level"
    ? await LevelState.open(join(directory, "state"))
    : await SnapshottedStateMachine.open(counter, new FileSnapshotStore(directory));
const transport = new GrpcTransport({
  self: { id, uuid: self.uuid, clusterId: "benchmark" },
  members,
  credentials: () => (material ? channelCredentials(material) : insecureChannelCredentials()),
});
const events = { leaderChanges: 0 };
/** How long this process was kept from anything else: by its own work, by its collector, by the machine. */
const stalls = monitorEventLoopDelay({ resolution: 10 });
stalls.enable();
let longestGcMs = 0;
new PerformanceObserver((list) => {
  for (const { duration } of list.getEntries()) longestGcMs = Math.max(longestGcMs, duration);
}).observe({ entryTypes: ["gc"] });
const server = new Server(serverOptions());
const raft = raftService({
  identity: () => ({ ...self, clusterId: "benchmark", members, configured: members.map((member) => member.id) }),
  transport: () => transport,
  ...(material ? {} : { insecurePeer: localNode }),
});
server.addService(raft.definition, raft.implementation);
const propose = proposeService(() => node);
server.addService(propose.definition, propose.implementation);
await new Promise((resolve, reject) => {
  const credentials = material ? serverCredentials(material) : insecureServerCredentials();
  server.bindAsync(self.address, credentials, (error) => (error ? reject(error) : resolve()));
});

const node = await RaftNode.start({
  id,
  storage,
  stateMachine,
  transport,
  clock: clockFrom({ now: () => performance.now(), setInterval, clearInterval, setTimeout, clearTimeout }),
  random: () => randomInt(2 ** 32) / 2 ** 32,
  bootstrap: { voters: members.map((member) => member.id), votersOutgoing: [], learners: [] },
  ...settings,
  onEvent: (event) => {
    if (event.type === "leaderChanged" && event.leader !== 0) events.leaderChanges += 1;
    if (event.type === "leaderReady") say({ event: "leaderReady", term: event.term });
    if (event.type === "snapshotInstalled") say({ event: "snapshotInstalled", index: event.meta.index });
    if (event.type === "fatal") throw event.error;
  },
});

let paced;
let gaveUp = false;

const COMMANDS = {
  status: async () => {
    const { role, term, leader, leaderReady, commitIndex, lastIndex, appliedIndex, peers } = node.status();
    const { rss } = process.memoryUsage();
    const { user, system } = process.cpuUsage();
    return { role, term, leader, leaderReady, commitIndex, lastIndex, appliedIndex, peers, rss, cpuMs: (user + system) / 1_000, longestStallMs: stalls.max / 1e6, longestGcMs, ...events, count: stateMachine.state.count };
  },
  load: async ({ inFlight, seconds, warmupSeconds, payloadBytes }) => {
    const payload = Buffer.alloc(payloadBytes, 7);
    return await closedLoop({ inFlight, seconds, warmupSeconds, action: () => node.propose(payload) });
  },
  /** Writes `count` keys, `inFlight` at a time. */
  fill: async ({ count, inFlight, payloadBytes }) => {
    let next = 0;
    const lane = async () => {
      while (next < count) await node.propose(keyed(next++, payloadBytes));
    };
    await Promise.all(Array.from({ length: inFlight }, lane));
  },
  /** Begins an open loop over the keys there are; `paced` says how it fares, `unpaced` ends it. */
  pace: async ({ perSecond, keys, payloadBytes }) => {
    paced = new PacedLoad({ perSecond, action: () => node.propose(keyed(randomInt(keys), payloadBytes)) });
  },
  paced: async () => paced.take(),
  unpaced: async () => paced.stop(),
  /** Proposes until one is committed, here, or until somebody says "giveUp". */
  proposeOnceLeading: async () => {
    gaveUp = false;
    while (!gaveUp) {
      try {
        await node.propose(new Uint8Array(256));
        return { committed: true };
      } catch (error) {
        if (error.category !== "unavailable") throw error;
        await delay(1);
      }
    }
    return { committed: false };
  },
  giveUp: async () => {
    gaveUp = true;
  },
};

function keyed(key, payloadBytes) {
  const proposal = Buffer.allocUnsafe(8 + payloadBytes);
  proposal.writeBigUInt64BE(BigInt(key));
  // No two alike, and nothing that a disk could make smaller.
  randomFillSync(proposal, 8);
  return proposal;
}

await serveCommands(COMMANDS);
await node.stop();
await Promise.all([transport.close(), stateMachine.close(), storage.close()]);
process.exit(0);
