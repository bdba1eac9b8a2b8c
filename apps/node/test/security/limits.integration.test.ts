/** What a real node lets a client do to it. */
import { once } from "node:events";
import { connect as connectHttp2, constants } from "node:http2";
import type { ClientHttp2Session, IncomingHttpHeaders, OutgoingHttpHeaders } from "node:http2";
import { connect as connectTcp } from "node:net";
import type { Socket } from "node:net";
import { gzipSync } from "node:zlib";
import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import { Metadata, status } from "@grpc/grpc-js";
import { SubmitJobRequest } from "@coxswain/protocol";
import { loadTls } from "@coxswain/rpc";
import type { TlsPem } from "@coxswain/rpc";
import { Certificates, Yard } from "../nodes.ts";
import type { TestNode } from "../nodes.ts";
import { ask, Caller, dial, refusal } from "./callers.ts";
import { openCall, PREFACE, Refusals } from "./raw-http2.ts";

const SUBMIT = "/coxswain.v1.SchedulerService/SubmitJob";
const SUBMIT_MANY = "/coxswain.v1.SchedulerService/SubmitJobs";
const STREAMS = 50;
const none = new Metadata();

let yard: Yard;
let one: TestNode;
let alice: Caller;
let pem: TlsPem;
const open: (() => void)[] = [];

beforeAll(async () => {
  yard = await Yard.open();
  const certificates = await Certificates.create(yard.directory);
  one = await yard.started([
    ...["--data-dir", yard.path("data"), ...(await certificates.flags("node", "node-1"))],
    ...["--max-streams", String(STREAMS), "--max-handshakes", "32", "--max-connections-per-client", "20"],
  ]);
  const material = loadTls(await certificates.client("client", "alice"));
  pem = material.current;
  alice = new Caller(one.node.address, material);
}, 60_000);
afterEach(() => {
  for (const close of open.splice(0)) close();
});
afterAll(async () => {
  alice.close();
  await yard.destroy();
}, 60_000);

const submit = (command: string) => ask(alice.scheduler.submitJob.bind(alice.scheduler), SubmitJobRequest.fromPartial({ command }), none);

/** The node answers, also where the load came from. */
async function alive(): Promise<void> {
  const { jobId } = await submit("true");
  expect(jobId).not.toBe("");
}

function session(): ClientHttp2Session {
  const made = connectHttp2(`https://${one.node.address}`, { ...pem, maxSendHeaderBlockLength: 2 ** 24 });
  made.on("error", () => {});
  open.push(() => made.destroy());
  return made;
}

/** The gRPC status of one call, or how its stream ended without one. */
async function called(connection: ClientHttp2Session, headers: OutgoingHttpHeaders, body: Buffer): Promise<string> {
  const stream = connection.request({
    ":method": "POST", ":path": SUBMIT, "content-type": "application/grpc", te: "trailers", ...headers,
  });
  let grpcStatus: string | undefined;
  const read = (given: IncomingHttpHeaders): void => void (grpcStatus ??= given["grpc-status"] as string | undefined);
  stream.on("response", read).on("trailers", read).on("error", () => {}).resume();
  stream.end(body);
  await once(stream, "close").catch(() => {});
  return grpcStatus ?? `reset ${stream.rstCode}`;
}

function message(compressed: boolean, body: Buffer): Buffer {
  const header = Buffer.alloc(5);
  header.writeUInt8(compressed ? 1 : 0, 0);
  header.writeUInt32BE(body.length, 1);
  return Buffer.concat([header, body]);
}

test("case 6: a request of 5 MB is RESOURCE_EXHAUSTED, and the server lives", async () => {
  const error = await refusal(submit("x".repeat(5_000_000)));
  expect(error).toMatchObject({ category: "exhausted", code: "RESOURCE_EXHAUSTED" });
  await alive();
});

test("case 6: a message of malformed gzip is refused, and the server lives", async () => {
  const connection = session();
  const gzip = { "grpc-encoding": "gzip" };
  const broken = gzipSync(Buffer.alloc(10_000, 7)).subarray(0, 20);
  for (const body of [Buffer.from("this is no gzip at all"), Buffer.concat([broken, Buffer.alloc(20, 0xff)])])
    expect(await called(connection, gzip, message(true, body))).toBe(String(status.INTERNAL));
  expect(await called(connection, { "grpc-encoding": "brotli" }, message(true, Buffer.from("x")))).toBe(String(status.UNIMPLEMENTED));
  await alive();
});

test("case 6: a few KB that unpack to 20 MB are RESOURCE_EXHAUSTED, and the server lives", async () => {
  const bomb = gzipSync(Buffer.alloc(20 * 1024 ** 2));
  expect(bomb.length).toBeLessThan(65_536);
  expect(await called(session(), { "grpc-encoding": "gzip" }, message(true, bomb))).toBe(String(status.RESOURCE_EXHAUSTED));
  await alive();
});

test("case 6: a malformed HTTP/2 preface ends that connection alone", async () => {
  const socket = dial(one.node.address, pem);
  open.push(() => socket.destroy());
  const closed = once(socket, "close");
  socket.write("PRI * HTTP/3.0\r\n\r\nXX\r\n\r\n".repeat(20));
  socket.resume();
  await closed;
  await alive();
});

test("100 KB of metadata are RESOURCE_EXHAUSTED, and 10 MB no less, and the server lives", async () => {
  const large = { "x-large": "a".repeat(100_000) };
  expect(await called(session(), large, message(false, Buffer.alloc(0)))).toBe(String(status.RESOURCE_EXHAUSTED));
  const { fields } = await one.logger.line((line) => line.fields["limit"] === "METADATA_TOO_LARGE");
  expect(fields).toMatchObject({ event: "limit.hit", client: "alice", call: SUBMIT });
  const many = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`x-${index}`, "a".repeat(100_000)]));
  expect(await called(session(), many, message(false, Buffer.alloc(0)))).not.toBe(String(status.OK));
  await alive();
});

test("case 7: a client is told how many calls one connection takes", async () => {
  const connection = session();
  const [settings] = (await once(connection, "remoteSettings")) as [{ maxConcurrentStreams: number }];
  expect(settings.maxConcurrentStreams).toBe(STREAMS);
});

test("case 7: of 500 streams that a client opens on one connection all the same, all but the capped number are refused", async () => {
  const socket = dial(one.node.address, pem);
  open.push(() => socket.destroy());
  const refusals = await new Promise<Refusals>((resolve) => {
    const seen: Refusals = new Refusals(socket, () => {
      if (seen.ended || seen.streams.size === 500 - STREAMS) resolve(seen);
    });
    socket.write(Buffer.concat([PREFACE, ...Array.from({ length: 500 }, (_, index) => openCall(2 * index + 1, SUBMIT_MANY))]));
  });
  expect(refusals.ended).toBe(false);
  expect(new Set(refusals.streams.values())).toEqual(new Set([constants.NGHTTP2_REFUSED_STREAM]));
  await alive();
});

test("case 7: of 300 mute TCP connections only so many are kept; clients are served meanwhile, and the log says it, in few lines", async () => {
  const before = one.logger.lines.length;
  const sockets: Socket[] = [];
  let closed = 0;
  const crowd = new Promise<void>((resolve) => {
    for (let count = 0; count < 300; count++) {
      const [host = "", port] = one.node.address.split(":");
      const socket = connectTcp(Number(port), host);
      socket.on("error", () => {}).on("close", () => {
        closed += 1;
        if (closed === 300 - 32) resolve();
      });
      sockets.push(socket);
    }
  });
  open.push(() => sockets.forEach((socket) => socket.destroy()));
  await crowd;
  await alive();
  const lines = one.logger.lines.slice(before).filter(({ fields }) => fields["event"] === "limit.hit");
  expect(lines[0]?.fields).toEqual({ event: "limit.hit", limit: "--max-handshakes", from: expect.stringMatching(/^127\.0\.0\.1:\d+$/) });
  expect(lines).toHaveLength(10);
});

test("connections of one client are capped, and the log says whose", async () => {
  const sockets = Array.from({ length: 25 }, () => dial(one.node.address, pem));
  open.push(() => sockets.forEach((socket) => socket.destroy()));
  const { fields } = await one.logger.line((line) => line.fields["limit"] === "--max-connections-per-client");
  expect(fields).toMatchObject({ event: "limit.hit", client: "alice", role: "client" });
  await alive();
});
