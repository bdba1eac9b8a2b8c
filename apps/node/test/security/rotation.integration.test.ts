/** Certificates and CAs that change under three running nodes. */
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { connect as connectHttp2 } from "node:http2";
import type { ClientHttp2Session } from "node:http2";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { X509Certificate } from "node:crypto";
import { Metadata } from "@grpc/grpc-js";
import { CoxswainClient } from "@coxswain/client";
import { loadTls, tlsFromPem } from "@coxswain/rpc";
import type { TlsPem } from "@coxswain/rpc";
import { Certificates, freePorts, Yard } from "../nodes.ts";
import type { Line, TestNode } from "../nodes.ts";
import { ask, Caller, dial, handshake, refusal } from "./callers.ts";

const IDS = [1, 2, 3];
const AGE_MS = 300;
let yard: Yard;
let old: Certificates;
let ports: number[];
const nodes: TestNode[] = [];
const open: (() => void)[] = [];

const addressOf = (id: number): string => `127.0.0.1:${ports[id - 1] ?? 0}`;

beforeAll(async () => {
  yard = await Yard.open();
  old = await Certificates.create(yard.directory);
  ports = await freePorts(3);
  const start = async (id: number): Promise<TestNode> => {
    const peers = IDS.filter((other) => other !== id).map((other) => `${other}:${addressOf(other)}`);
    const flags = await old.flags("node", `node-${id}`);
    return await yard.started([
      ...["--node-id", String(id), "--listen", addressOf(id), "--peers", peers.join(","), "--data-dir", yard.path(`data-${id}`)],
      ...["--cert-reload-interval", "20ms", ...(id === 3 ? ["--max-connection-age", `${AGE_MS}ms`] : []), ...flags],
    ]);
  };
  nodes.push(...(await Promise.all(IDS.map(start))));
}, 60_000);
afterAll(async () => {
  for (const close of open.splice(0)) close();
  await yard.destroy();
}, 60_000);

const one = (): TestNode => {
  const [first] = nodes;
  if (first === undefined) throw new Error("no node");
  return first;
};
const everyNode = (fits: (line: Line) => boolean): Promise<Line[]> => Promise.all(nodes.map(({ logger }) => logger.line(fits)));
const reloadedWith = (authorities: number) => ({ fields }: Line): boolean => fields["event"] === "certificate.reloaded" && fields["authorities"] === authorities;

async function connect(certificates: Certificates, name: string): Promise<CoxswainClient> {
  const client = CoxswainClient.connect({ servers: IDS.map(addressOf), tls: await certificates.client("client", name) });
  open.push(() => client.close());
  return client;
}

/** Submits one job after the other until it is told to end; resolves with their ids, and rejects when one is not taken. */
function keepSubmitting(client: CoxswainClient): () => Promise<string[]> {
  let ending = false;
  const all = (async () => {
    const ids: string[] = [];
    while (!ending) {
      const { jobId } = await client.submit({ command: "true" });
      ids.push(jobId);
      // One after the other: a fast machine would pile up more than it runs within the test.
      await client.waitFor(jobId, { timeoutMs: 20_000 });
    }
    return ids;
  })();
  all.catch(() => {});
  return () => {
    ending = true;
    return all;
  };
}

test("a set that does not fit together is refused, said, and the old one stays; once it is whole it is taken", async () => {
  const { logger, node } = one();
  const certificate = await readFile(yard.path("node-1.crt"), "utf8");
  const key = await readFile(yard.path("node-1.key"), "utf8");
  const stranger = await old.client("node", "stranger");
  const shown = async (): Promise<string> => {
    const socket = dial(node.address, loadTls(await old.client("client", "viewer")).current);
    await once(socket, "secureConnect");
    const { fingerprint256 } = socket.getPeerCertificate();
    socket.destroy();
    return fingerprint256;
  };
  const broken = { "does not belong": await readFile(stranger.key, "utf8"), "not usable PEM": key.slice(0, key.length / 2) };
  for (const [reason, text] of Object.entries(broken)) {
    await writeFile(yard.path("node-1.key"), text);
    const { fields } = await logger.line(({ fields }) => fields["event"] === "certificate.refused" && String(fields["reason"]).includes(reason));
    expect(fields).toMatchObject({ cause: "TLS_FILES_UNUSABLE" });
    expect(await shown()).toBe(new X509Certificate(certificate).fingerprint256);
    await writeFile(yard.path("node-1.key"), key);
  }
  await old.flags("node", "node-1");
  const renewed = new X509Certificate(await readFile(yard.path("node-1.crt"), "utf8")).fingerprint256;
  const { fields } = await logger.line((line) => line.fields["fingerprint"] === renewed);
  expect(fields).toMatchObject({ event: "certificate.reloaded", name: "node-1", authorities: 1, validTo: expect.stringMatching(/Z$/) });
  expect(await shown()).toBe(renewed);
});

test("a client's connection ends at its age, and a node's goes on", async () => {
  const session = async (pem: TlsPem): Promise<ClientHttp2Session> => {
    const made = connectHttp2(`https://${addressOf(3)}`, { ...pem });
    made.on("error", () => {});
    open.push(() => made.destroy());
    await once(made, "remoteSettings");
    return made;
  };
  const ofNode = await session(loadTls(await old.client("node", "node-1-too")).current);
  const client = loadTls(await old.client("client", "alice")).current;
  for (let times = 0; times < 2; times++) await once(await session(client), "goaway");
  await new Promise<void>((resolve, reject) => ofNode.ping((error) => (error === null ? resolve() : reject(error))));
  expect(ofNode.closed).toBe(false);
});

test("the CA is replaced under load: with both, with new certificates, with the new one alone; then the old one opens nothing and holds nothing", async () => {
  const next = await Certificates.create(yard.directory, "next");
  const oldCa = await readFile(old.caPath, "utf8");
  const both = `${oldCa}${next.authority.certificate}`;
  const oldest = await connect(old, "alice");
  const stopOldest = keepSubmitting(oldest);

  await writeFile(old.caPath, both);
  await everyNode(reloadedWith(2));
  const jobs = await stopOldest();

  const trustsBoth = await connect(old, "alice");
  const stopTrusting = keepSubmitting(trustsBoth);
  for (const id of IDS) {
    await next.flags("node", `node-${id}`);
    const { fingerprint256 } = new X509Certificate(await readFile(yard.path(`node-${id}.crt`), "utf8"));
    await nodes[id - 1]?.logger.line(({ fields }) => fields["fingerprint"] === fingerprint256);
  }
  const { jobId: early } = await trustsBoth.submit({ command: "true" });
  jobs.push(early, ...(await stopTrusting()));

  const alice = await readFile(yard.path("alice.crt"), "utf8");
  const holder = { ca: both, cert: alice, key: await readFile(yard.path("alice.key"), "utf8") };
  const held = new Caller(one().node.address, tlsFromPem(holder));
  open.push(() => held.close());
  const status = (): Promise<unknown> => ask(held.scheduler.getJobStatus.bind(held.scheduler), { jobId: early, stale: false }, new Metadata());
  expect(await status()).toMatchObject({ owner: "alice" });

  await writeFile(next.caPath, next.authority.certificate);
  const newest = await connect(next, "alice");
  const stopNewest = keepSubmitting(newest);
  const before = one().logger.lines.length;
  await writeFile(old.caPath, next.authority.certificate);
  await everyNode((line) => reloadedWith(1)(line) && isAfterBoth(line));
  const ended = await one().logger.line((line) => one().logger.lines.indexOf(line) >= before && line.fields["event"] === "connection.ended");
  expect(ended.fields).toMatchObject({ client: "alice", role: "client", cause: "CERTIFICATE_NOT_TRUSTED" });
  expect(await refusal(status())).toMatchObject({ category: expect.stringMatching(/^(unavailable|unknown-outcome)$/) });
  for (const { node } of nodes) expect(await handshake(node.address, { ...holder, ca: both })).toBe("refused");

  const { jobId } = await newest.submit({ command: "true" });
  jobs.push(jobId, ...(await stopNewest()));
  for (const id of jobs) expect((await newest.waitFor(id, { timeoutMs: 20_000 })).status).toBe("COMPLETED");
}, 120_000);

/** A node says "one authority" before the rotation, too. */
function isAfterBoth(line: Line): boolean {
  const lines = nodes.map(({ logger }) => logger.lines).find((all) => all.includes(line)) ?? [];
  return lines.findIndex(reloadedWith(2)) < lines.indexOf(line) && lines.some(reloadedWith(2));
}
