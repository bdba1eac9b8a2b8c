/** The job worker's calls between three real nodes with TLS: whoever is asked, whoever runs the job. */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { CoxswainClient } from "@coxswain/client";
import type { LogExit, LogRecord } from "@coxswain/client";
import { JobRequest, JobWorkerClient } from "@coxswain/protocol";
import type { JobLogsResponse } from "@coxswain/protocol";
import { channelCredentials, channelOptions, loadTls } from "@coxswain/rpc";
import { Metadata } from "@grpc/grpc-js";
import type { ServiceError } from "@grpc/grpc-js";
import { until } from "../../../scripts/lib/until.mjs";
import { Certificates, freePorts, Yard } from "./nodes.ts";
import type { TestNode } from "./nodes.ts";

const IDS = [1, 2, 3];
type Tls = { ca: string; cert: string; key: string };
let yard: Yard;
let certificates: Certificates;
let ports: number[];
let alice: Tls;
let bob: Tls;
let captain: Tls;
const nodes = new Map<number, TestNode>();
const closers: (() => void)[] = [];

const addressOf = (id: number): string => `127.0.0.1:${ports[id - 1] ?? 0}`;
const peersOf = (id: number): string => IDS.filter((other) => other !== id).map((other) => `${other}:${addressOf(other)}`).join(",");
const argvOf = async (id: number): Promise<string[]> => [
  ...["--node-id", String(id), "--listen", addressOf(id), "--peers", peersOf(id), "--data-dir", yard.path(`data-${id}`)],
  ...["--capacity", id === RUNNER ? "64" : "0", "--output-buffer-bytes", "256KB"],
  ...(await certificates.flags("node", `node-${id}`)),
];
/** The one node that takes work, so that the others hold none of the output. */
const RUNNER = 3;

function connect(tls: Tls, ...ids: number[]): CoxswainClient {
  const client = CoxswainClient.connect({ servers: ids.map(addressOf), tls, timeoutMs: 60_000, backoff: { initialMs: 5, maxMs: 50 } });
  closers.push(() => client.close());
  return client;
}

/** The generated client, for what the typed one does not let one do. */
function raw(tls: Tls, id: number): JobWorkerClient {
  const client = new JobWorkerClient(addressOf(id), channelCredentials(loadTls(tls)), channelOptions({ ownConnection: true }));
  closers.push(() => client.close());
  return client;
}

async function all(records: AsyncIterable<LogRecord>): Promise<LogRecord[]> {
  const seen: LogRecord[] = [];
  for await (const record of records) seen.push(record);
  return seen;
}

/** What was written to one stream, or to both; fails where the offsets do not tile. */
function bytesOf(records: readonly LogRecord[], stream?: "stdout" | "stderr"): Buffer {
  let at = firstOffset(records);
  const chunks: Uint8Array[] = [];
  for (const record of records) {
    if (record.kind === "gap") at = record.to ?? at;
    if (record.kind !== "output") continue;
    if (record.offset !== at) throw new Error(`bytes at ${record.offset} came when ${at} was next`);
    at += record.bytes.length;
    if (stream === undefined || record.stream === stream) chunks.push(record.bytes);
  }
  return Buffer.concat(chunks);
}

function firstOffset(records: readonly LogRecord[]): number {
  for (const record of records) {
    if (record.kind === "output") return record.offset;
    if (record.kind === "gap") return record.from;
  }
  return 0;
}

const exitOf = (records: readonly LogRecord[]): LogExit => {
  const last = records.at(-1);
  if (last?.kind !== "exit") throw new Error("the last record is no exit");
  return last;
};

beforeAll(async () => {
  yard = await Yard.open();
  certificates = await Certificates.create(yard.directory);
  ports = await freePorts(3);
  [alice, bob, captain] = [await certificates.client("client", "alice"), await certificates.client("client", "bob"), await certificates.client("admin", "captain")];
  await Promise.all(IDS.map(async (id) => nodes.set(id, await yard.started(await argvOf(id)))));
}, 60_000);
afterAll(async () => {
  for (const close of closers) close();
  await yard.destroy();
}, 60_000);

test("a command that was started is followed through every node, live and exact, to its exit", async () => {
  const go = yard.path("go");
  const { jobId } = await connect(alice, 1).start({ command: `printf 'a\\n'; printf 'b\\n' >&2; until [ -e '${go}' ]; do sleep 0.02; done; printf c; exit 3` });
  const following = IDS.map((id) => {
    const records = connect(alice, id).logs(jobId);
    return { first: records.next(), records };
  });
  // Live: the first bytes are there while the command still waits.
  for (const { first } of following) expect((await first).value).toMatchObject({ kind: "output", offset: 0 });
  await writeFile(go, "");
  for (const { first, records } of following) {
    const seen = [(await first).value as LogRecord, ...(await all(records))];
    expect(bytesOf(seen, "stdout").toString()).toBe("a\nc");
    expect(bytesOf(seen, "stderr").toString()).toBe("b\n");
    expect(exitOf(seen)).toMatchObject({ status: "FAILED", exitCode: 3, errorType: "EXIT_CODE", outputBytes: 5, nodeId: RUNNER });
  }
});

test("case 10: a reader that joins after the end gets the retained bytes, then the exit record, then OK", async () => {
  const { jobId } = await connect(alice, 2).start({ command: "echo hello" });
  await connect(alice, 2).waitFor(jobId);
  for (const follow of [true, false]) {
    const seen = await all(connect(alice, 1).logs(jobId, { follow }));
    expect(bytesOf(seen).toString()).toBe("hello\n");
    expect(exitOf(seen)).toMatchObject({ status: "COMPLETED", exitCode: 0 });
  }
  const tail = await all(connect(alice, 2).logs(jobId, { tailBytes: 3 }));
  expect([firstOffset(tail), bytesOf(tail).toString()]).toEqual([3, "lo\n"]);
});

test("case 12: binary output, invalid UTF-8 and no newline come byte-exact through a node that does not hold it", async () => {
  const file = yard.path("binary");
  const bytes = Buffer.from(Array.from({ length: 100_000 }, (_, i) => (i * 131 + (i >> 8)) & 255));
  await writeFile(file, bytes);
  const { jobId } = await connect(alice, 1).start({ task: { kind: "process", argv: ["/bin/cat", file] } });
  const seen = await all(connect(alice, 1).logs(jobId));
  expect(createHash("sha256").update(bytesOf(seen, "stdout")).digest("hex")).toBe(createHash("sha256").update(bytes).digest("hex"));
});

/** Writes `megabytes` of numbered lines, 16 bytes each, so that any piece of it tells where it belongs; then makes the file. */
const lines = (megabytes: number, done: string): string =>
  `seq -f '%015.0f' 0 ${megabytes * 65_536 - 1}; touch '${done}'`;

const ALL_LINES = Buffer.from(Array.from({ length: 4 * 65_536 }, (_, i) => `${String(i).padStart(15, "0")}\n`).join(""));

const written = (file: string): Promise<boolean> => until(`${file} is there`, () => existsSync(file), { everyMs: 20 });

/** Fails where bytes are not those of numbered lines, or where bytes and gaps do not tile. Gives the bytes that came, and those that are told missing. */
function checkLines(records: readonly LogRecord[]): { bytes: number; missing: number; end: number } {
  let [at, bytes, missing] = [firstOffset(records), 0, 0];
  for (const record of records) {
    if (record.kind === "exit") continue;
    const from = record.kind === "gap" ? record.from : record.offset;
    if (from !== at) throw new Error(`${from} came when ${at} was next`);
    if (record.kind === "gap") {
      missing += (record.to ?? from) - from;
      at = record.to ?? at;
      continue;
    }
    const { length } = record.bytes;
    if (!ALL_LINES.subarray(at, at + length).equals(record.bytes)) throw new Error(`other bytes than were written came at ${at}`);
    bytes += length;
    at += length;
  }
  return { bytes, missing, end: at };
}

test("case 9: a hundred readers through another node while the ring wraps: each gets every byte, or an explicit gap", async () => {
  const [client, done] = [connect(alice, 1), yard.path("hundred")];
  const { jobId } = await client.start({ command: lines(0.5, done) });
  const all100 = await Promise.all(Array.from({ length: 100 }, () => all(client.logs(jobId))));
  for (const seen of all100) {
    const { bytes, missing, end } = checkLines(seen);
    expect([bytes + missing, end]).toEqual([524_288, 524_288]);
    expect(exitOf(seen)).toMatchObject({ status: "COMPLETED", outputBytes: 524_288 });
  }
}, 120_000);

/** A reader that takes one message of bytes and then none, through a node that does not hold the output. */
async function stuck(jobId: string, id: number) {
  const call = raw(alice, id).logs(JobRequest.fromPartial({ id: jobId }));
  call.on("error", () => {});
  const messages = call[Symbol.asyncIterator]() as AsyncIterator<JobLogsResponse>;
  let first = (await messages.next()).value as JobLogsResponse;
  // What comes before the bytes says where they begin.
  while (first.log.length === 0) first = (await messages.next()).value as JobLogsResponse;
  return { call, messages, first };
}

test("case 8: a client cancels under backpressure: the handlers of both nodes return, the reader count is 0", async () => {
  const [done, stop] = [yard.path("cancelled"), yard.path("stop")];
  const { jobId } = await connect(alice, 1).start({ command: `${lines(3, done)}; until [ -e '${stop}' ]; do sleep 0.02; done` });
  const { call } = await stuck(jobId, 1);
  await written(done);
  const holder = nodes.get(RUNNER)!.node;
  expect(holder.outputReaders).toBe(1);
  call.cancel();
  await until("nobody reads", () => holder.outputReaders === 0, { everyMs: 20 });
  await writeFile(stop, "");
});

test("case 11: a reader that never reads slows neither the job nor other readers; what it held back is bounded, the rest a gap", async () => {
  const done = yard.path("never");
  const { jobId } = await connect(alice, 1).start({ command: lines(4, done) });
  const idle = await stuck(jobId, 1);
  const others = await Promise.all([1, 2].map((id) => all(connect(alice, id).logs(jobId))));
  await written(done);
  for (const seen of others) {
    const { bytes, missing } = checkLines(seen);
    expect(bytes + missing).toBe(4 * 1_048_576);
    expect(exitOf(seen)).toMatchObject({ status: "COMPLETED" });
  }
  // Only now it goes on.
  let bytes = idle.first.log.length;
  let next = await idle.messages.next();
  for (; !next.done && next.value.gapBytes === 0 && next.value.exit === undefined; next = await idle.messages.next()) bytes += next.value.log.length;
  expect(bytes).toBeLessThan(3 * 1_048_576);
  expect((next.value as JobLogsResponse).gapBytes).toBeGreaterThan(0);
  idle.call.cancel();
}, 60_000);

test("a reader whose node stops goes on at another one, byte for byte", async () => {
  const second = yard.path("second");
  const client = connect(alice, 1, 2);
  const { jobId } = await client.start({ command: `printf '%015d\\n' 0 1 2; until [ -e '${second}' ]; do sleep 0.02; done; printf '%015d\\n' 3 4` });
  const seen: LogRecord[] = [];
  for await (const record of client.logs(jobId)) {
    seen.push(record);
    if (existsSync(second)) continue;
    await nodes.get(1)!.node.stop();
    await writeFile(second, "");
  }
  expect(checkLines(seen)).toEqual({ bytes: 80, missing: 0, end: 80 });
  expect(exitOf(seen)).toMatchObject({ status: "COMPLETED" });
  nodes.set(1, await yard.started(await argvOf(1)));
});

test("the holding node restarted: finished output is read from its spool, each stream apart, through any node", async () => {
  const client = connect(alice, 1, 2);
  const { jobId } = await client.start({ command: `seq -f '%015.0f' 0 9999; echo oops >&2; exit 4` });
  await client.waitFor(jobId);
  await nodes.get(RUNNER)!.node.stop();
  nodes.set(RUNNER, await yard.started(await argvOf(RUNNER)));
  for (const id of IDS) {
    const seen = await all(connect(alice, id).logs(jobId));
    expect(bytesOf(seen, "stdout").length).toBe(160_000);
    expect(bytesOf(seen, "stderr").toString()).toBe("oops\n");
    expect(seen.some(({ kind }) => kind === "gap")).toBe(false);
    expect(exitOf(seen)).toMatchObject({ status: "FAILED", exitCode: 4 });
  }
}, 60_000);

test("the holding node is away and its spool with it: an explicit gap, then the replicated tail, then the exit", async () => {
  const client = connect(alice, 1, 2);
  const { jobId } = await client.start({ command: lines(1, yard.path("away")) });
  await client.waitFor(jobId);
  await nodes.get(RUNNER)!.node.stop();
  const seen = await all(connect(alice, 1).logs(jobId));
  expect(checkLines(seen)).toEqual({ bytes: 2_048, missing: 1_048_576 - 2_048, end: 1_048_576 });
  expect(exitOf(seen)).toMatchObject({ status: "COMPLETED", outputBytes: 1_048_576 });
  nodes.set(RUNNER, await yard.started(await argvOf(RUNNER)));
}, 60_000);

test("a stop with a grace lets it end by itself; one without ends it at once, also after one with", async () => {
  const client = connect(alice, 2);
  const polite = await client.start({ command: "exec 2>/dev/null; trap 'echo bye; exit 0' TERM; echo ready; while :; do sleep 0.02; done" });
  const seen: LogRecord[] = [];
  for await (const record of client.logs(polite.jobId)) {
    seen.push(record);
    if (seen.length === 1) expect(await client.stop(polite.jobId, { graceMs: 60_000 })).toMatchObject({ status: "RUNNING" });
  }
  expect(bytesOf(seen).toString()).toBe("ready\nbye\n");

  const stubborn = await client.start({ command: "exec 2>/dev/null; trap 'echo no' TERM; echo ready; while :; do sleep 0.02; done" });
  const records = client.logs(stubborn.jobId);
  await records.next();
  await client.stop(stubborn.jobId, { graceMs: 3_000_000 });
  expect(Buffer.from(((await records.next()).value as { bytes: Uint8Array }).bytes).toString()).toBe("no\n");
  await client.stop(stubborn.jobId);
  const rest = await all(records);
  expect(exitOf(rest)).toMatchObject({ status: "CANCELLED" });
  expect(await client.stop(stubborn.jobId)).toMatchObject({ status: "CANCELLED" });
}, 60_000);

test("case 4: bob asks status, logs or stop of alice's job at any node, or starts under its id: refused, nothing leaked", async () => {
  const { jobId } = await connect(alice, 1).start({ command: "echo topsecret" });
  await connect(alice, 1).waitFor(jobId);
  const request = JobRequest.fromPartial({ id: jobId, command: "echo topsecret", env: { owner: "alice" } });
  const metadata = new Metadata();
  metadata.set("owner", "alice");
  for (const id of IDS) {
    const worker = raw(bob, id);
    const ask = (call: "start" | "stop" | "status"): Promise<ServiceError> =>
      new Promise((resolve, reject) => {
        worker[call](request, metadata, (error: ServiceError | null) => (error === null ? reject(new Error(`${call} was answered`)) : resolve(error)));
      });
    const logs = new Promise<ServiceError>((resolve, reject) => {
      const stream = worker.logs(request, metadata);
      stream.on("data", () => reject(new Error("logs were answered")));
      stream.on("error", resolve);
    });
    for (const [refused, code] of [[ask("status"), 7], [ask("stop"), 7], [logs, 7], [ask("start"), 6]] as const) {
      const error = await refused;
      expect(error.code).toBe(code);
      expect(JSON.stringify([error.message, error.details, error.metadata.getMap()])).not.toMatch(/alice|topsecret|hello/);
    }
  }
  expect(exitOf(await all(connect(captain, 2).logs(jobId)))).toMatchObject({ status: "COMPLETED" });
});
