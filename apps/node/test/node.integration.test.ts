/** One real node in this process: LevelDB, gRPC on loopback, real processes. */
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { CoxswainClient } from "@coxswain/client";
import { Certificates, freePorts, Yard } from "./nodes.ts";

let yard: Yard;
const clients: CoxswainClient[] = [];

beforeEach(async () => {
  yard = await Yard.open();
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await yard.destroy();
});

function connect(address: string): CoxswainClient {
  const client = CoxswainClient.connect({ servers: [address] });
  clients.push(client);
  return client;
}

test("a node without peers and TLS runs a job, and still knows it after a restart", async () => {
  const dataDir = yard.path("data");
  const first = await yard.started(["--data-dir", dataDir]);
  const client = connect(first.node.address);
  const { jobId } = await client.submit({ command: "echo hello" });
  expect(await client.waitFor(jobId, { timeoutMs: 10_000 })).toMatchObject({ status: "COMPLETED", executedBy: 1, attempts: 1 });
  await first.node.stop();

  const second = await yard.started(["--data-dir", dataDir]);
  const again = connect(second.node.address);
  expect(await again.status(jobId)).toMatchObject({ status: "COMPLETED" });
  const { nodes } = await again.clusterStatus();
  expect(nodes).toMatchObject([{ nodeId: 1, incarnation: 2, isAlive: true }]);
});

test("stopping lets what runs finish, tells the leader first, and is done once", async () => {
  const { node, logger } = await yard.started(["--data-dir", yard.path("data")]);
  const client = connect(node.address);
  const file = yard.path("go");
  const { jobId } = await client.submit({ command: `touch '${file}.runs'; while [ ! -e '${file}' ]; do sleep 0.02; done` });
  await logger.said("attempt starts");
  const stopping = node.stop();
  await writeFile(file, "");
  await Promise.all([stopping, node.stop()]);
  expect(logger.lines.filter(({ message }) => message === "stopped")).toHaveLength(1);
  const next = await yard.started(["--data-dir", yard.path("data")]);
  expect(await connect(next.node.address).status(jobId)).toMatchObject({ status: "COMPLETED", attempts: 1 });
});

test("a port in use is named, and everything that was opened is closed again", async () => {
  const { node } = await yard.started(["--data-dir", yard.path("one")]);
  const second = yard.node(["--data-dir", yard.path("two"), "--listen", node.address]);
  await expect(second.node.start(second.options)).rejects.toMatchObject({
    code: "LISTEN_FAILED",
    message: expect.stringMatching(new RegExp(`${node.address}.*--listen`)),
  });
  // The lock of its log has gone with it.
  await yard.started(["--data-dir", yard.path("two")]);
});

test("a data directory that another node uses is refused, and its starts are not counted", async () => {
  await yard.started(["--data-dir", yard.path("data")]);
  const identity = await readFile(yard.path("data", "identity.json"), "utf8");
  const second = yard.node(["--data-dir", yard.path("data")]);
  await expect(second.node.start(second.options)).rejects.toMatchObject({ code: "DIRECTORY_LOCKED" });
  expect(await readFile(yard.path("data", "identity.json"), "utf8")).toBe(identity);
});

test("a data directory that cannot be written to is named with its flag", async () => {
  await writeFile(yard.path("file"), "");
  const { node, options } = yard.node(["--data-dir", yard.path("file", "data")]);
  await expect(node.start(options)).rejects.toMatchObject({
    code: "DATA_DIRECTORY_UNUSABLE",
    message: expect.stringContaining("--data-dir"),
  });
});

test("a node that lost its log is refused before it could vote again (G1)", async () => {
  const { node } = await yard.started(["--data-dir", yard.path("data")]);
  await node.stop();
  await rm(yard.path("data", "raft"), { recursive: true });
  const again = yard.node(["--data-dir", yard.path("data")]);
  await expect(again.node.start(again.options)).rejects.toMatchObject({ code: "LOG_MISSING" });
});

test("a state that was lost is made again from the log", async () => {
  const { node } = await yard.started(["--data-dir", yard.path("data")]);
  const { jobId } = await connect(node.address).submit({ command: "true" });
  await connect(node.address).waitFor(jobId, { timeoutMs: 10_000 });
  await node.stop();
  await rm(yard.path("data", "state"), { recursive: true });
  const again = await yard.started(["--data-dir", yard.path("data")]);
  expect(await connect(again.node.address).status(jobId)).toMatchObject({ status: "COMPLETED", attempts: 1 });
});

test.each([
  ["the pointer to the state", ["CURRENT_STATE"]],
  ["the database", ["state-0", "CURRENT"]],
])("a state that is damaged, here %s, is set aside and made again from the log", async (_what, file) => {
  const argv = ["--data-dir", yard.path("data")];
  const { node } = await yard.started(argv);
  const { jobId } = await connect(node.address).submit({ command: "true" });
  await connect(node.address).waitFor(jobId, { timeoutMs: 10_000 });
  await node.stop();
  await writeFile(yard.path("data", "state", ...file), "garbage");
  const again = await yard.started(argv);
  expect(await connect(again.node.address).status(jobId)).toMatchObject({ status: "COMPLETED", attempts: 1 });
  const { fields } = await again.logger.said("was set aside");
  expect(await readFile(`${String(fields["aside"])}/${file.join("/")}`, "utf8")).toBe("garbage");
});

test.each([
  ["worker/results/CURRENT", "garbage", "RESULTS_UNREADABLE"],
])("a start that fails half way, by a damaged %s, says the way back and closes what it had opened", async (file, text, code) => {
  const { node } = await yard.started(["--data-dir", yard.path("data")]);
  await node.stop();
  const path = yard.path("data", file);
  const before = await readFile(path);
  await writeFile(path, text);
  const [port] = await freePorts(1);
  const argv = ["--data-dir", yard.path("data"), "--listen", `127.0.0.1:${port}`];
  const broken = yard.node(argv);
  await expect(broken.node.start(broken.options)).rejects.toMatchObject({ code, message: expect.stringMatching(/[Mm]ove .*away/) });
  expect(broken.logger.lines.filter(({ level }) => level === "error")).toEqual([]);
  await writeFile(path, before);
  await yard.started(argv);
});

test("stopped while it waits for its founding members: the start is called off, port and lock are free", async () => {
  const [port, other] = await freePorts(2);
  const argv = ["--data-dir", yard.path("data"), "--listen", `127.0.0.1:${port}`, "--peers", `2:127.0.0.1:${other}`];
  const { node, logger, options } = yard.node(argv);
  const started = node.start(options);
  started.catch(() => {});
  const line = await logger.said("waiting for founding member 2");
  expect(line.fields["unanswered"]).toMatchObject([{ id: 2, address: `127.0.0.1:${other}`, reason: expect.stringMatching(/./) }]);
  await node.stop();
  await expect(started).rejects.toMatchObject({ code: "FOUNDING_ABORTED" });
  const next = yard.node(argv);
  const again = next.node.start(next.options);
  again.catch(() => {});
  await next.logger.said("waiting for founding member 2");
});

test.each(["at once", "when it listens", "when it belongs to a cluster"])(
  "stopped during the start, %s: nothing stays open",
  async (moment) => {
    const { node, logger, options } = yard.node(["--data-dir", yard.path("data")]);
    const started = node.start(options).catch((error: { code?: string }) => error.code);
    if (moment === "when it listens") await logger.said("listening");
    if (moment === "when it belongs to a cluster") await logger.said("belongs to a cluster");
    await node.stop();
    expect(await started).toMatch(/START_CALLED_OFF|FOUNDING_ABORTED/);
    await yard.started(["--data-dir", yard.path("data")]);
  },
);

test("a node that was stopped does not start again", async () => {
  const { node, options } = yard.node(["--data-dir", yard.path("data")]);
  await node.stop();
  await expect(node.start(options)).rejects.toMatchObject({ code: "START_CALLED_OFF" });
});

test("while it starts, calls are told what it waits for", async () => {
  const [port, other] = await freePorts(2);
  const { node, logger, options } = yard.node([
    ...["--data-dir", yard.path("data"), "--listen", `127.0.0.1:${port}`, "--peers", `2:127.0.0.1:${other}`],
  ]);
  node.start(options).catch(() => {});
  await logger.said("listening");
  await expect(connect(node.address).clusterStatus({ timeoutMs: 500 })).rejects.toMatchObject({
    message: expect.stringContaining("waits for the founding members 1, 2"),
  });
});

test.each([
  ["client", "kind client"],
  ["admin", "kind admin"],
] as const)("a certificate of kind %s is refused at the start, since peers would refuse it", async (kind, text) => {
  await mkdir(yard.path("certs"));
  const certificates = await Certificates.create(yard.path("certs"));
  const { node, options } = yard.node(["--data-dir", yard.path("data"), ...(await certificates.flags(kind, "x"))]);
  await expect(node.start(options)).rejects.toMatchObject({
    code: "NODE_CERTIFICATE_UNUSABLE",
    message: expect.stringMatching(new RegExp(`${text}.*cox cert issue node`)),
  });
});

test("a certificate of another CA than the one named is refused at the start", async () => {
  const [own, foreign] = [await Certificates.create(yard.directory), await Certificates.create(yard.directory, "foreign")];
  const flags = await foreign.flags("node", "node-1");
  const { node, options } = yard.node(["--data-dir", yard.path("data"), ...flags, "--ca-cert", own.caPath]);
  await expect(node.start(options)).rejects.toMatchObject({
    code: "NODE_CERTIFICATE_UNUSABLE",
    message: expect.stringContaining("not issued by the CA"),
  });
});
