/**
 * One member of a Raft cluster as a process: raft-core on raft-level and raft-grpc, with a counter for a state. It takes
 * commands as lines of JSON on its standard input and answers each with one; see `cluster.mjs`.
 */
import { randomInt } from "node:crypto";
import { join } from "node:path";
import { createInterface } from "node:readline";
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
import { proposeService } from "./propose-service.mjs";

const { id, members, directory, tls, settings } = JSON.parse(process.argv[2]);
const self = members.find((member) => member.id === id);
requireTls13();
const material = tls && loadTls(tls);
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

const counter = {
  initial: () => ({ count: 0 }),
  apply: (state) => (state.count += 1),
  encode: (state) => Buffer.from(JSON.stringify(state)),
  decode: (bytes) => JSON.parse(Buffer.from(bytes).toString()),
};

const storage = await LevelLogStorage.open(join(directory, "log"));
const stateMachine = await SnapshottedStateMachine.open(counter, new FileSnapshotStore(directory));
const transport = new GrpcTransport({
  self: { id, uuid: self.uuid, clusterId: "benchmark" },
  members,
  credentials: () => (material ? channelCredentials(material) : insecureChannelCredentials()),
});
const events = { leaderChanges: 0 };
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

const COMMANDS = {
  status: async () => {
    const { role, term, leader, leaderReady, commitIndex, lastIndex, appliedIndex, peers } = node.status();
    const { rss } = process.memoryUsage();
    const { user, system } = process.cpuUsage();
    return { role, term, leader, leaderReady, commitIndex, lastIndex, appliedIndex, peers, rss, cpuMs: (user + system) / 1_000, ...events, count: stateMachine.state.count };
  },
  load: async ({ inFlight, seconds, warmupSeconds, payloadBytes }) => {
    const payload = Buffer.alloc(payloadBytes, 7);
    return await closedLoop({ inFlight, seconds, warmupSeconds, action: () => node.propose(new Uint8Array(payload)) });
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { call, command, ...input } = JSON.parse(line);
  if (command === "stop") break;
  COMMANDS[command](input).then(
    (result) => say({ call, result }),
    (error) => say({ call, error: String(error) }),
  );
}
await node.stop();
await Promise.all([transport.close(), stateMachine.close(), storage.close()]);
process.exit(0);
