/**
 * One member of a Raft cluster as a process: raft-core on a LevelDB log and gRPC with mutual TLS, and a journal as its
 * state. Its argument is a JSON file (see `MemberConfiguration` in cluster.ts). It is talked to in lines of JSON:
 * `{call, verb, ...}` on stdin is answered by `{call, value}` or `{call, error}` on stdout; `{event}` comes unasked.
 * It ends with stdin.
 */
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { clockFrom, RaftNode } from "@coxswain/raft-core";
import { GrpcTransport } from "@coxswain/raft-grpc";
import { LevelLogStorage } from "@coxswain/raft-level";
import {
  channelCredentials,
  loadTls,
  PermissionDeniedError,
  serverCredentials,
  serverOptions,
} from "@coxswain/rpc";
import { Server } from "@grpc/grpc-js";
import { Journal } from "./journal.mjs";

const { id, uuid, clusterId, members, tlsFiles, logDirectory, raft } = JSON.parse(
  readFileSync(process.argv[2], "utf8"),
);
const bootstrap = { voters: members.map((member) => member.id), votersOutgoing: [], learners: [] };
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

const tls = loadTls(tlsFiles);
const transport = new GrpcTransport({
  self: { id, uuid, clusterId },
  members,
  credentials: () => channelCredentials(tls),
});
await serve(members.find((member) => member.id === id).address);

const journal = new Journal(bootstrap);
const node = await RaftNode.start({
  ...raft,
  id,
  bootstrap,
  storage: await LevelLogStorage.open(logDirectory),
  stateMachine: journal,
  transport,
  clock: clockFrom({ now: () => performance.now(), setInterval, clearInterval, setTimeout, clearTimeout }),
  random: Math.random,
  onEvent: (event) => {
    if (event.type === "fatal") throw event.error;
    say({ event });
  },
});

const verbs = {
  propose: ({ text }) => node.propose(new TextEncoder().encode(text)),
  /** The index up to which a linearizable read sees the journal. */
  read: async ({ forward }) => {
    await node.linearizableRead({ forward });
    return journal.lastIndex;
  },
  status: () => node.status(),
  journal: () => journal.lines,
  /** What the log here holds, committed or not. */
  log: ({ from }) =>
    node
      .entries(from, 1_000)
      .map(({ index, term, data }) => ({ index, term, text: new TextDecoder().decode(data) })),
};

async function answer({ call, verb, ...details }) {
  try {
    say({ call, value: await verbs[verb](details) });
  } catch (error) {
    say({ call, error: { code: error.code ?? "UNEXPECTED", message: error.message } });
  }
}

async function serve(address) {
  const server = new Server(serverOptions());
  const { definition, implementation } = transport.service({
    identity: () => ({ id, uuid, clusterId, members, configured: bootstrap.voters }),
    authorizeMember: (caller, member) => {
      if (caller.name !== `node-${member.id}`)
        throw new PermissionDeniedError(`${caller.name} may not speak for node ${member.id}`);
    },
  });
  server.addService(definition, implementation);
  await new Promise((resolve, reject) => {
    server.bindAsync(address, serverCredentials(tls), (error) => (error ? reject(error) : resolve()));
  });
}

createInterface({ input: process.stdin })
  .on("line", (line) => void answer(JSON.parse(line)))
  .on("close", () => process.exit(0));
say({ event: { type: "started" } });
