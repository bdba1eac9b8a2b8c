/** Three real nodes with TLS in this process. */
import { cp, mkdir, rm } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { CoxswainClient } from "@coxswain/client";
import { until } from "../../../scripts/lib/until.mjs";
import { Certificates, freePorts, Yard } from "./nodes.ts";
import type { TestNode } from "./nodes.ts";

const IDS = [1, 2, 3];
let yard: Yard;
let certificates: Certificates;
let ports: number[];
const nodes = new Map<number, TestNode>();
const clients: CoxswainClient[] = [];
let tls: { ca: string; cert: string; key: string };

const addressOf = (id: number): string => `127.0.0.1:${ports[id - 1] ?? 0}`;
const peersOf = (id: number): string => IDS.filter((other) => other !== id).map((other) => `${other}:${addressOf(other)}`).join(",");
const dataOf = (id: number): string => yard.path(`data-${id}`);
const argvOf = async (id: number): Promise<string[]> => [
  ...["--node-id", String(id), "--listen", addressOf(id), "--peers", peersOf(id), "--data-dir", dataOf(id)],
  ...(await certificates.flags("node", `node-${id}`)),
];

function made(id: number): TestNode {
  const node = nodes.get(id);
  if (node === undefined) throw new Error(`no node ${id}`);
  return node;
}

function connect(...ids: number[]): CoxswainClient {
  const client = CoxswainClient.connect({ servers: ids.map(addressOf), tls });
  clients.push(client);
  return client;
}

const leaderId = (): Promise<number> =>
  until("a leader is known", async () => (await connect(...IDS).clusterStatus({ timeoutMs: 1_000 })).leaderId);

beforeAll(async () => {
  yard = await Yard.open();
  certificates = await Certificates.create(yard.directory);
  ports = await freePorts(3);
  tls = await certificates.client("admin", "captain");
  await Promise.all(IDS.map(async (id) => nodes.set(id, await yard.started(await argvOf(id)))));
}, 60_000);
afterAll(async () => {
  for (const client of clients) client.close();
  await yard.destroy();
}, 60_000);

test("three founders become one cluster that runs jobs, whichever node is asked", async () => {
  for (const id of IDS) {
    const { jobId } = await connect(id).submit({ command: "true" });
    expect((await connect(id).waitFor(jobId, { timeoutMs: 10_000 })).status).toBe("COMPLETED");
  }
});

test("renewed certificates are used by connections to other nodes at once, without a restart", async () => {
  const leader = await leaderId();
  const follower = IDS.find((id) => id !== leader) ?? 0;
  const { node, logger } = made(follower);
  const connections = (): number => logger.lines.filter(({ message }) => message === "peer connected").length;
  const before = connections();
  await certificates.flags("node", `node-${follower}`);
  node.reloadCertificates();
  await logger.said("certificates reloaded");
  await logger.line(() => connections() > before);
  const { jobId } = await connect(follower).submit({ command: "true" });
  expect((await connect(follower).waitFor(jobId, { timeoutMs: 10_000 })).status).toBe("COMPLETED");
});

test("a reload of a certificate that peers would refuse is refused, and the old one stays", async () => {
  const { node, logger } = made(1);
  await certificates.flags("client", "node-1");
  node.reloadCertificates();
  const line = await logger.said("certificates were not reloaded");
  expect(line.fields).toMatchObject({ event: "certificate.refused", cause: "NODE_CERTIFICATE_UNUSABLE" });
  await certificates.flags("node", "node-1");
  node.reloadCertificates();
});

test("a leader that stops hands leadership over before it drains, and is gone without an election timeout", async () => {
  const leader = await leaderId();
  const { node, logger } = made(leader);
  await node.stop();
  const order = logger.lines.map(({ message }) => message).filter((text) => ["handed leadership over", "no longer leading", "stopped"].includes(text));
  expect(order).toContain("handed leadership over");
  expect(order.at(-1)).toBe("stopped");
  nodes.set(leader, await yard.started(await argvOf(leader)));
});

test("a node whose disk was wiped may not come back as itself, and is told the way back (G1)", async () => {
  const id = 2;
  await made(id).node.stop();
  await cp(dataOf(id), yard.path("kept"), { recursive: true });
  await rm(dataOf(id), { recursive: true });
  const wiped = yard.node(await argvOf(id));
  await expect(wiped.node.start(wiped.options)).rejects.toMatchObject({ code: "WIPED_NODE" });
  await rm(dataOf(id), { recursive: true });
  await cp(yard.path("kept"), dataOf(id), { recursive: true });
  nodes.set(id, await yard.started(await argvOf(id)));
});

test("a data directory that belongs to another node is refused", async () => {
  const flags = await certificates.flags("node", "node-9");
  const owner = await yard.started(["--node-id", "9", "--data-dir", yard.path("nine"), ...flags]);
  await owner.node.stop();
  const other = yard.node(["--node-id", "8", "--data-dir", yard.path("nine"), ...flags]);
  await expect(other.node.start(other.options)).rejects.toMatchObject({ code: "IDENTITY_MISMATCH" });
});

test("a stranger with a certificate of kind node is no member and is told so", async () => {
  const stranger = yard.node([
    ...["--node-id", "4", "--data-dir", yard.path("stranger"), "--peers", `1:${addressOf(1)}`],
    ...["--advertise-addr", "127.0.0.1:50999"],
    ...(await certificates.flags("node", "node-4")),
  ]);
  await expect(stranger.node.start(stranger.options)).rejects.toMatchObject({ code: "NOT_A_MEMBER" });
});

test("where --peers points at a member that knows this node by another disk, it says so", async () => {
  const [port] = await freePorts(1);
  await mkdir(yard.path("wrong"));
  const wrong = yard.node([
    ...["--node-id", "2", "--data-dir", yard.path("wrong"), "--listen", `127.0.0.1:${port ?? 0}`],
    ...["--peers", `1:${addressOf(2)}`],
    ...(await certificates.flags("node", "node-2")),
  ]);
  await expect(wrong.node.start(wrong.options)).rejects.toMatchObject({ code: "WIPED_NODE" });
});

test("a member that moved to another address is found where the others' configuration says", async () => {
  const leader = await leaderId();
  const moving = IDS.find((id) => id !== leader) ?? 0;
  const [port = 0] = await freePorts(1);
  for (const id of IDS) await made(id).node.stop();
  ports[moving - 1] = port;
  await Promise.all(IDS.map(async (id) => nodes.set(id, await yard.started(await argvOf(id)))));
  const { jobId } = await connect(moving).submit({ command: "true" });
  expect((await connect(moving).waitFor(jobId, { timeoutMs: 10_000 })).status).toBe("COMPLETED");
  const { nodes: known } = await connect(moving).clusterStatus();
  expect(known.find(({ nodeId }) => nodeId === moving)?.address).toBe(addressOf(moving));
}, 60_000);
