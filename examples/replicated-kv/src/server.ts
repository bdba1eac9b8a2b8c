/**
 * One node of a replicated key-value store: `node dist/server.js <id> <directory>`, where the directory holds what
 * `cluster.mjs` writes: the addresses of all nodes, and certificates. GET, PUT or DELETE http://<node>/<key>.
 */
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import { clockFrom, NotLeaderError, RaftError, RaftNode } from "@coxswain/raft-core";
import { SnapshottedStateMachine, type StateModel } from "@coxswain/raft-core";
import { joinCluster } from "@coxswain/raft-grpc";
import { DataDirectory } from "@coxswain/raft-level";
import { channelCredentials, loadTls, serverCredentials } from "@coxswain/rpc";

const MAX_VALUE_BYTES = 64 * 1024;

/** The state is a map. A proposal sets a key, or deletes it when it brings no value; its result is the old value. */
const model: StateModel<Map<string, string>, string | undefined> = {
  initial: () => new Map(),
  apply(map, proposal) {
    const [key, value] = JSON.parse(Buffer.from(proposal).toString()) as [key: string, value?: string];
    const old = map.get(key);
    if (value === undefined) map.delete(key);
    else map.set(key, value);
    return old;
  },
  encode: (map) => Buffer.from(JSON.stringify([...map])),
  decode: (bytes) => new Map(JSON.parse(Buffer.from(bytes).toString()) as [string, string][]),
};

const [id, directory] = [Number(process.argv[2]), String(process.argv[3])];
const file = (name: string): string => join(directory, name);
const nodes = JSON.parse(readFileSync(file("nodes.json"), "utf8")) as {
  id: number;
  address: string;
  http: string;
}[];
const self = nodes.find((node) => node.id === id);
if (self === undefined) throw new Error(`nodes.json does not name node ${id}.`);

const disk = await DataDirectory.open(file(`node-${id}`));
const tls = loadTls({ ca: file("ca.crt"), cert: file(`node-${id}.crt`), key: file(`node-${id}.key`) });
const { transport, members, close } = await joinCluster({
  self,
  peers: nodes.filter((node) => node !== self),
  identity: disk.identity,
  store: disk.identities,
  credentials: () => channelCredentials(tls),
  serverCredentials: serverCredentials(tls),
});
// Every 1,000 entries are soon reached by hand; see the default for more serious use.
const stateMachine = await SnapshottedStateMachine.open(model, disk.snapshots, { saveEveryEntries: 1_000 });
const raft = await RaftNode.start({
  id,
  bootstrap: { voters: members.map((member) => member.id), votersOutgoing: [], learners: [] },
  storage: disk.log,
  stateMachine,
  transport,
  clock: clockFrom({ now: () => performance.now(), setInterval, clearInterval, setTimeout, clearTimeout }),
  random: Math.random,
  onEvent(event) {
    console.log(event);
    if (event.type === "fatal") process.exit(1); // the disk may lie from now on: nothing more must be acknowledged
  },
});

/** Every node reads; the leader writes. */
async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method, headers, url = "/" } = request;
  const key = decodeURIComponent(url.slice(1));
  if (method === "GET") {
    await raft.linearizableRead({ forward: true });
    const value = stateMachine.state.get(key);
    response.writeHead(value === undefined ? 404 : 200).end(value);
  } else if (
    method === "DELETE" ||
    (method === "PUT" && Number(headers["content-length"]) <= MAX_VALUE_BYTES)
  ) {
    const command = method === "PUT" ? [key, await text(request)] : [key];
    response.end(await raft.propose(Buffer.from(JSON.stringify(command))));
  } else {
    response
      .writeHead(400)
      .end(`GET, DELETE, or PUT a value whose content-length is at most ${MAX_VALUE_BYTES}.\n`);
  }
}

/** Where nothing was done and the leader is known: asks to go there. Anything else is told as it is. */
function refuse(error: unknown, request: IncomingMessage, response: ServerResponse): void {
  const leader = error instanceof NotLeaderError ? nodes.find((node) => node.id === error.leader) : undefined;
  const status = error instanceof RaftError ? (error.category === "unknown-outcome" ? 504 : 503) : 400;
  if (leader) response.writeHead(307, { location: `http://${leader.http}${request.url}` }).end();
  else response.writeHead(status).end(`${String(error)}\n`);
}

const face = createServer((request, response) => {
  answer(request, response).catch((error: unknown) => refuse(error, request, response));
});
const { hostname, port } = new URL(`http://${self.http}`);
face.listen(Number(port), hostname);

process.once("SIGTERM", async () => {
  await promisify(face.close.bind(face))(); // what was asked is answered first
  await raft.transferLeadership().catch(() => {}); // spares an election; a follower has nothing to hand over
  await raft.stop();
  await close();
  await stateMachine.close();
  await disk.close();
});
