/**
 * The yardstick: what replication costs here with no Raft in it. Three processes; the first takes proposals, groups what
 * gathers (up to 256, two groups under way), writes each group to LevelDB in one synced batch and sends it to both others
 * over one gRPC stream each; they do the same and answer with the last index. A proposal ends when the first and one other
 * have it on disk. No terms, no elections, no checks, no checksums, no recovery.
 */
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { Client, Server } from "@grpc/grpc-js";
import { ClassicLevel } from "classic-level";
import {
  channelCredentials,
  channelOptions,
  insecureChannelCredentials,
  insecureServerCredentials,
  loadTls,
  requireTls13,
  serverCredentials,
  serverOptions,
} from "@coxswain/rpc";
import { closedLoop } from "./closed-loop.mjs";
import { serveCommands } from "./commands.mjs";
import { openRawStream, rawStream } from "./raw-stream.mjs";

// The same for both.
setFlagsFromString("--heap-growing-percent=300");

const { id, members, directory, tls } = JSON.parse(process.argv[2]);
requireTls13();
const material = tls && loadTls(tls);
const METHOD = rawStream("/benchmark.BarePath/Stream");
const MAX_GROUP = 256;
const MAX_GROUPS_IN_FLIGHT = 2;

// Not compressed, as the log is not: a payload of equal bytes would take no disk at all.
const database = new ClassicLevel(join(directory, "log"), { keyEncoding: "buffer", valueEncoding: "buffer", compression: false });
await database.open();

function keyOf(index) {
  const key = Buffer.allocUnsafe(8);
  key.writeBigUInt64BE(BigInt(index));
  return key;
}

async function store(firstIndex, payloads) {
  const batch = database.batch();
  for (const [n, payload] of payloads.entries()) batch.put(keyOf(firstIndex + n), payload);
  await batch.write({ sync: true });
}

function pack(firstIndex, payloads) {
  const frame = Buffer.allocUnsafe(8 + payloads.reduce((size, payload) => size + 4 + payload.length, 0));
  frame.writeDoubleLE(firstIndex, 0);
  let at = 8;
  for (const payload of payloads) {
    frame.writeUInt32LE(payload.length, at);
    frame.set(payload, at + 4);
    at += 4 + payload.length;
  }
  return frame;
}

function unpack(frame) {
  const payloads = [];
  for (let at = 8; at < frame.length; ) {
    const end = at + 4 + frame.readUInt32LE(at);
    payloads.push(frame.subarray(at + 4, end));
    at = end;
  }
  return { firstIndex: frame.readDoubleLE(0), payloads };
}

const server = new Server(serverOptions());
server.addService(
  { stream: METHOD },
  {
    stream: (call) => {
      call.on("data", (frame) => {
        const { firstIndex, payloads } = unpack(frame);
        void store(firstIndex, payloads).then(() => call.write(keyOf(firstIndex + payloads.length - 1)));
      });
      call.on("error", () => {});
      call.on("end", () => call.end());
    },
  },
);
await new Promise((resolve, reject) => {
  const { address } = members.find((member) => member.id === id);
  const credentials = material ? serverCredentials(material) : insecureServerCredentials();
  server.bindAsync(address, credentials, (error) => (error ? reject(error) : resolve()));
});

let nextIndex = 1;
let queued = [];
let groupsInFlight = 0;
let groups = [];
let streams = [];
const stableAt = new Map(members.map((member) => [member.id, 0]));

function connect() {
  streams = members.filter((member) => member.id !== id).map((member) => {
    const credentials = material ? channelCredentials(material) : insecureChannelCredentials();
    const client = new Client(member.address, credentials, channelOptions({ ownConnection: true }));
    const call = openRawStream(client, METHOD);
    call.on("data", (index) => reached(member.id, Number(index.readBigUInt64BE())));
    call.on("error", () => {});
    return call;
  });
}

function propose(payload) {
  return new Promise((resolve) => {
    if (queued.length === 0) queueMicrotask(flush);
    queued.push({ payload, resolve });
  });
}

function flush() {
  while (queued.length > 0 && groupsInFlight < MAX_GROUPS_IN_FLIGHT) {
    const proposals = queued.slice(0, MAX_GROUP);
    queued = queued.slice(MAX_GROUP);
    groupsInFlight += 1;
    const firstIndex = nextIndex;
    nextIndex += proposals.length;
    const payloads = proposals.map(({ payload }) => payload);
    groups.push({ lastIndex: nextIndex - 1, proposals });
    const frame = pack(firstIndex, payloads);
    for (const stream of streams) stream.write(frame);
    void store(firstIndex, payloads).then(() => reached(id, firstIndex + payloads.length - 1));
  }
}

function reached(member, index) {
  stableAt.set(member, index);
  const [, second] = [...stableAt.values()].sort((one, other) => other - one);
  while (groups.length > 0 && groups[0].lastIndex <= Math.min(second, stableAt.get(id))) {
    groupsInFlight -= 1;
    for (const { resolve } of groups.shift().proposals) resolve();
  }
  flush();
}

const COMMANDS = {
  status: async () => {
    const { user, system } = process.cpuUsage();
    const isFirst = id === members[0].id;
    return { role: isFirst ? "leader" : "follower", leaderReady: isFirst, commitIndex: nextIndex - 1, cpuMs: (user + system) / 1_000 };
  },
  load: async ({ inFlight, seconds, warmupSeconds, payloadBytes }) => {
    if (streams.length === 0) connect();
    const payload = Buffer.alloc(payloadBytes, 7);
    return await closedLoop({ inFlight, seconds, warmupSeconds, action: () => propose(payload) });
  },
};

await serveCommands(COMMANDS);
process.exit(0);
