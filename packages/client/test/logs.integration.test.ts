import { once } from "node:events";
import { type AddressInfo, type Socket, createServer } from "node:net";
import { describe, expect, test } from "@jest/globals";
import { JobLogsResponse } from "@coxswain/protocol";
import type { LogRecord } from "@coxswain/client";
import { toLogRecord } from "../src/log-records.ts";
import { typed } from "./fake-cluster.ts";
import { fixture } from "./fixture.ts";

const BYTES = Buffer.from(Array.from({ length: 300 }, (_, i) => (i * 7) & 255));

async function collect(records: AsyncIterable<LogRecord>): Promise<LogRecord[]> {
  const seen: LogRecord[] = [];
  for await (const record of records) seen.push(record);
  return seen;
}

/** The bytes, once it is sure that none is missing and none came twice. */
function bytesOf(records: readonly LogRecord[], from = 0): Buffer {
  let at = from;
  const bytes = records.flatMap((record) => {
    if (record.kind !== "output") return [];
    expect(record.offset).toBe(at);
    at += record.bytes.length;
    return [record.bytes];
  });
  return Buffer.concat(bytes);
}

describe("logs", () => {
  test("come byte for byte, with their stream and place, and end with the exit", async () => {
    const { cluster, server, client } = fixture();
    cluster.output = BYTES;
    const seen = await collect(client([await server()]).logs("a"));
    expect(bytesOf(seen)).toEqual(BYTES);
    expect(seen[0]).toMatchObject({ kind: "output", stream: "stdout", executionId: "a.1.1", attempt: 1 });
    expect(seen.at(-1)).toMatchObject({
      kind: "exit",
      status: "COMPLETED",
      exitCode: 0,
      outputBytes: 300,
      nodeId: 2,
    });
  });

  test("go on at another server at the very byte where a connection broke", async () => {
    const { cluster, server, client } = fixture();
    cluster.output = BYTES;
    const servers = [await server(), await server(), await server()];
    const deaths = new Map([
      [100, true],
      [200, true],
    ]);
    cluster.onLogByte = (at, offset) => {
      if (deaths.delete(offset)) at.die();
    };
    const seen = await collect(client(servers).logs("a"));
    expect(bytesOf(seen)).toEqual(BYTES);
    expect(seen.at(-1)).toMatchObject({ kind: "exit" });
    const [first, second, third] = cluster.logRequests;
    expect(first).toMatchObject({ executionId: "", attempt: 0 });
    expect([first?.offset, first?.tailBytes]).toEqual([undefined, undefined]);
    for (const resumed of [second, third])
      expect(resumed).toMatchObject({ executionId: "a.1.1", attempt: 1 });
    expect(second!.offset!).toBeGreaterThan(0);
    expect(third!.offset!).toBeGreaterThan(second!.offset!);
  });

  test("a tail that was begun goes on by offset", async () => {
    const { cluster, server, client } = fixture();
    cluster.output = BYTES;
    const servers = [await server(), await server()];
    let dies = true;
    cluster.onLogByte = (at, offset) => {
      if (dies && offset === 280) at.die();
      if (offset === 280) dies = false;
    };
    const seen = await collect(client(servers).logs("a", { tailBytes: 50 }));
    expect(bytesOf(seen, 250)).toEqual(BYTES.subarray(250));
    expect(cluster.logRequests.at(-1)?.tailBytes).toBeUndefined();
  });

  test("a server that is stopping is left for another; one that refuses for good is believed", async () => {
    const { cluster, server, client } = fixture();
    cluster.output = BYTES;
    const [stopping, other] = [await server(), await server()];
    stopping.misbehaviours.push({ when: "before", what: { throws: typed("NODE_STOPPING", "unavailable") } });
    expect(bytesOf(await collect(client([stopping, other]).logs("a")))).toEqual(BYTES);
    other.misbehaviours.push({ when: "before", what: { throws: typed("JOB_PERMISSION_DENIED", "denied") } });
    await expect(collect(client([other]).logs("a"))).rejects.toMatchObject({
      code: "JOB_PERMISSION_DENIED",
      category: "denied",
    });
  });

  test("come from another server where one takes the connection and says nothing, as when it is stopped", async () => {
    const { cluster, server, client } = fixture();
    cluster.output = BYTES;
    const sockets: Socket[] = [];
    const stopped = createServer((socket) => sockets.push(socket)).listen(0, "127.0.0.1");
    await once(stopped, "listening");
    const silent = `127.0.0.1:${String((stopped.address() as AddressInfo).port)}`;
    try {
      const connected = client([silent, await server()], { attemptTimeoutMs: 200 });
      expect(bytesOf(await collect(connected.logs("a")))).toEqual(BYTES);
      await expect(
        collect(client([silent], { attemptTimeoutMs: 20 }).logs("a", { timeoutMs: 50 })),
      ).rejects.toMatchObject({ code: "NO_ANSWER", category: "unavailable" });
    } finally {
      for (const socket of sockets) socket.destroy();
      stopped.close();
    }
  });

  test("are waited for at a server that answered, however long it is silent", async () => {
    const { cluster, server, client } = fixture();
    const quiet = await server();
    const woken = new Promise<void>((resolve) => {
      cluster.onLogRequest = () => {
        setTimeout(resolve, 1_500);
        return woken;
      };
    });
    const connected = client([quiet], { attemptTimeoutMs: 1_000 });
    await connected.clusterStatus();
    const seen = await collect(connected.logs("a"));
    expect(seen).toMatchObject([{ kind: "exit" }]);
    expect(cluster.logRequests).toHaveLength(1);
  });

  test("without any server they are given up after the time given", async () => {
    const { server, client } = fixture();
    const gone = await server();
    gone.die();
    await expect(collect(client([gone]).logs("a", { timeoutMs: 50 }))).rejects.toMatchObject({
      code: "UNREACHABLE",
      category: "unavailable",
    });
  });

  test("that are not followed end with what there is, asked for as the caller says", async () => {
    const { cluster, server, client } = fixture();
    cluster.output = BYTES;
    const options = { follow: false, offset: 290, executionId: "a.1.1", attempt: 1 };
    const seen = await collect(client([await server()]).logs("a", options));
    expect(bytesOf(seen, 290)).toEqual(BYTES.subarray(290));
    expect(cluster.logRequests).toMatchObject([
      { id: "a", noFollow: true, offset: 290, executionId: "a.1.1", attempt: 1 },
    ]);
  });

  test("end when the reader leaves, by its signal, or with the client", async () => {
    const { cluster, server, client } = fixture();
    cluster.output = BYTES;
    const waiting = await server();
    const connected = client([waiting]);
    for await (const record of connected.logs("a"))
      if (record.kind === "output" && record.offset === 10) break;
    waiting.misbehaviours.push({ when: "before", what: "silence" }, { when: "before", what: "silence" });
    const abort = new AbortController();
    const aborted = collect(connected.logs("a", { signal: abort.signal }));
    abort.abort();
    await expect(aborted).rejects.toMatchObject({ code: "LOGS_ABORTED" });
    await expect(collect(connected.logs("a", { signal: abort.signal }))).rejects.toMatchObject({
      code: "LOGS_ABORTED",
    });
    const closed = collect(connected.logs("a"));
    connected.close();
    await expect(closed).rejects.toMatchObject({ code: "CLIENT_CLOSED" });
  });

  test("gaps say from where to where, or that nobody knows how much was lost", () => {
    const place = { executionId: "a.1.1", attempt: 2, offset: 5 };
    expect(toLogRecord(JobLogsResponse.fromPartial({ ...place, gapBytes: 3 }))).toEqual({
      kind: "gap",
      executionId: "a.1.1",
      attempt: 2,
      from: 5,
      to: 8,
    });
    expect(toLogRecord(JobLogsResponse.fromPartial({ ...place, restLost: true }))).toMatchObject({
      kind: "gap",
      from: 5,
      to: undefined,
    });
    expect(toLogRecord(JobLogsResponse.fromPartial({ ...place, log: Buffer.from("x") }))).toMatchObject({
      kind: "output",
      stream: undefined,
    });
  });
});

describe("start and stop", () => {
  test("a start carries its id, also in a repeat, and what to run in", async () => {
    const { cluster, server, client } = fixture();
    const [first, second] = [await server(), await server()];
    first.misbehaviours.push({ when: "after", what: "die" });
    const connected = client([first, second]);
    const task = {
      kind: "process",
      argv: ["ls", "-la"],
      env: { A: "1" },
      workingDirectory: "/tmp",
      limits: { memoryBytes: 7 },
    } as const;
    const { jobId, status } = await connected.start({ task, timeoutMs: 9 });
    expect(status).toBe("RUNNING");
    expect(cluster.starts).toHaveLength(2);
    for (const start of cluster.starts)
      expect(start).toMatchObject({
        id: jobId,
        executor: "process",
        command: "",
        argv: ["ls", "-la"],
        env: { A: "1" },
        workingDirectory: "/tmp",
        limits: { memoryBytes: 7 },
        timeoutMs: 9,
      });
    await connected.start({ id: "mine", command: "ls", image: "busybox" });
    expect(cluster.starts.at(-1)).toMatchObject({
      id: "mine",
      command: "ls",
      image: "busybox",
      executor: "",
    });
    await connected.start({ task: { kind: "docker", shell: "ls" } });
    expect(cluster.starts.at(-1)).toMatchObject({ executor: "docker", command: "ls", image: "" });
  });

  test("a stop ends at once unless a grace is given; a cancel leaves it to the node", async () => {
    const { cluster, server, client } = fixture();
    const connected = client([await server()]);
    expect(await connected.stop("a")).toEqual({ jobId: "a", status: "CANCELLED" });
    await connected.stop("a", { graceMs: 5_000 });
    expect(cluster.stops.map(({ graceMs }) => graceMs)).toEqual([0, 5_000]);
    await connected.cancel("a");
    await connected.cancel("a", { graceMs: 0 });
    expect(cluster.cancelled.map(({ graceMs }) => graceMs)).toEqual([undefined, 0]);
  });
});
