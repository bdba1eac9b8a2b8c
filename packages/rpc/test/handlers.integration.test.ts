import { once } from "node:events";
import { connect as connectTcp } from "node:net";
import { afterEach, describe, expect, jest, test } from "@jest/globals";
import { Metadata, type ServiceError, status } from "@grpc/grpc-js";
import {
  type CallRecord,
  PermissionDeniedError,
  type RemoteError,
  errorFromStatus,
  leaderHint,
  localAdmin,
  wrapBidi,
  wrapClientStream,
  wrapServerStream,
  wrapUnary,
} from "@coxswain/rpc";
import { EchoClient, type EchoHandlers, type EchoServer, type Text, startEcho } from "./echo.ts";

const open: { close(): void }[] = [];

afterEach(() => {
  for (const one of open.splice(0)) one.close();
});

async function start(handlers: EchoHandlers): Promise<{ client: EchoClient; server: EchoServer }> {
  const server = await startEcho(handlers);
  const client = new EchoClient(server.address);
  open.push(server, client);
  return { client, server };
}

const insecure = { insecurePeer: localAdmin };
const echo = wrapUnary<Text, Text>(async ({ text }) => ({ text }), insecure);

describe("an async handler that rejects", () => {
  test("is INTERNAL for its caller, without the cause's text, and the server lives", async () => {
    const told: unknown[] = [];
    const secret = new Error("password is hunter2");
    const unary = wrapUnary<Text, Text>(
      async ({ text }) => {
        if (text === "fail") throw secret;
        return { text };
      },
      { ...insecure, onError: (error) => told.push(error) },
    );
    const { client } = await start({ unary });
    const failure = await client.unary("fail").catch((error: unknown) => error as RemoteError);
    expect(failure).toMatchObject({
      code: "INTERNAL",
      category: "internal",
      message: expect.not.stringContaining("hunter2"),
    });
    expect(told).toEqual([secret]);
    expect(await client.unary("alive")).toBe("alive");
  });

  test("is INTERNAL also when it throws nothing, a string, or when telling of it throws", async () => {
    const thrown: unknown[] = [undefined, "text", Object.create(null), 7];
    const unary = wrapUnary<Text, Text>(async () => Promise.reject(thrown.shift()), {
      ...insecure,
      onError: () => {
        throw new Error("log is full");
      },
    });
    const { client } = await start({ unary });
    while (thrown.length > 0) await expect(client.unary("")).rejects.toMatchObject({ code: "INTERNAL" });
  });

  test("keeps code, category, message and leader when its error is typed", async () => {
    const unary = wrapUnary<Text, Text>(
      async () => {
        throw Object.assign(new Error("No job of this id: list yours with `cox job list`."), {
          code: "JOB_NOT_FOUND",
          category: "not-found",
        });
      },
      { ...insecure, leader: () => "10.0.0.2:50051" },
    );
    const { client } = await start({ unary });
    await expect(client.unary("")).rejects.toMatchObject({
      code: "JOB_NOT_FOUND",
      category: "not-found",
      message: "No job of this id: list yours with `cox job list`.",
      leader: "10.0.0.2:50051",
      cause: { code: status.NOT_FOUND },
    });
  });

  test("may have lone surrogates in its message, or one cut in two, or a megabyte of it", async () => {
    const messages = [
      "\uD800",
      "a\uDC00b",
      `${"x".repeat(511)}\u{1F6A3}tail`,
      "\u{1F6A3}".repeat(100_000),
      "line\nbreak\0",
    ];
    const unary = wrapUnary<Text, Text>(async ({ text }) => {
      throw Object.assign(new Error(messages[Number(text)]), { code: "BAD", category: "invalid" });
    }, insecure);
    const { client } = await start({ unary });
    for (const index of messages.keys()) {
      const failure = await client.unary(String(index)).catch((error: unknown) => error as RemoteError);
      expect(failure).toMatchObject({ code: "BAD", category: "invalid" });
      expect((failure as RemoteError).message).not.toMatch(/\p{Surrogate}/u);
    }
  });

  test("is INTERNAL when the answer cannot be serialized, and the server lives", async () => {
    const unary = wrapUnary<Text, Text>(
      async ({ text }) => (text === "bad" ? ({ text: 1n } as unknown as Text) : { text }),
      insecure,
    );
    const { client } = await start({ unary });
    await expect(client.unary("bad")).rejects.toMatchObject({ category: "internal" });
    expect(await client.unary("alive")).toBe("alive");
  });
});

describe("a record of answers", () => {
  test("tells who asked for what, from where, and what became of it; and whatever fails in it changes nothing", async () => {
    const records: CallRecord[] = [];
    const options = {
      ...insecure,
      onAnswer: (record: CallRecord) => {
        records.push(record);
        throw new Error("disk full");
      },
    };
    const refused = new PermissionDeniedError("No.");
    const unary = wrapUnary<Text, Text>(async ({ text }) => {
      if (text === "no") throw refused;
      return { text: text.toUpperCase() };
    }, options);
    const bidi = wrapBidi<Text, Text>(async function* (requests) {
      for await (const { text } of requests) yield { text: text.toUpperCase() };
    }, options);
    const { client } = await start({ unary, bidi });
    expect(await client.unary("yes")).toBe("YES");
    await expect(client.unary("no")).rejects.toMatchObject({ code: "PERMISSION_DENIED" });
    const stream = client.bidi();
    stream.write({ text: "a" });
    stream.end();
    expect(await once(stream, "data")).toEqual([{ text: "A" }]);
    await once(stream, "end");
    const common = { from: expect.stringMatching(/^127\.0\.0\.1:\d+$/), peer: localAdmin };
    expect(records).toEqual([
      { ...common, path: "/test.Echo/Unary", request: { text: "yes" }, response: { text: "YES" } },
      { ...common, path: "/test.Echo/Unary", request: { text: "no" }, error: refused },
      { ...common, path: "/test.Echo/Bidi", response: { text: "A" } },
    ]);
  });

  test("has nobody as the caller who does not say who it is", async () => {
    const records: CallRecord[] = [];
    const { client } = await start({
      unary: wrapUnary<Text, Text>(async (request) => request, { onAnswer: (record) => records.push(record) }),
    });
    await expect(client.unary("")).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
    expect(records).toMatchObject([{ peer: undefined, error: { code: "UNAUTHENTICATED" } }]);
  });
});

describe("a server", () => {
  test("takes callers without a certificate for nobody unless told whom to take them for", async () => {
    const { client } = await start({ unary: wrapUnary<Text, Text>(async ({ text }) => ({ text })) });
    await expect(client.unary("")).rejects.toMatchObject({
      code: "UNAUTHENTICATED",
      cause: { code: status.UNAUTHENTICATED },
    });
  });

  test("asks `authorize` before it runs a handler", async () => {
    let ran = false;
    const run = async ({ text }: Text): Promise<Text> => {
      ran = true;
      return { text };
    };
    const authorize = (): void => {
      throw new PermissionDeniedError("Only nodes may call this.");
    };
    const { client } = await start({ unary: wrapUnary(run, { ...insecure, authorize }) });
    await expect(client.unary("")).rejects.toMatchObject({
      code: "PERMISSION_DENIED",
      cause: { code: status.PERMISSION_DENIED },
    });
    expect(ran).toBe(false);
  });

  test("refuses a 5 MB request as RESOURCE_EXHAUSTED and lives", async () => {
    const { client } = await start({ unary: echo });
    await expect(client.unary("x".repeat(5_000_000))).rejects.toMatchObject({
      code: "RESOURCE_EXHAUSTED",
      category: "exhausted",
    });
    expect(await client.unary("alive")).toBe("alive");
  });

  test("survives a request that does not parse, rubbish instead of HTTP/2, and a client that hangs up", async () => {
    const { client, server } = await start({ unary: echo });
    const garbled = new Promise<ServiceError | null>((resolve) => {
      client.makeUnaryRequest(
        "/test.Echo/Unary",
        () => Buffer.from("{not json"),
        (bytes) => bytes,
        {},
        (error) => {
          resolve(error);
        },
      );
    });
    expect((await garbled)?.code).toBe(status.INTERNAL);
    const socket = connectTcp(server.port, "127.0.0.1");
    socket.on("error", () => undefined);
    socket.write("GET / HTTP/1.1\r\n\r\nPRI * HTTP/3.0\r\n\r\n\0\0\0");
    socket.resume();
    await once(socket, "close");
    expect(await client.unary("alive")).toBe("alive");
  });

  test("survives gzip that is none", async () => {
    const { client } = await start({ unary: echo });
    const metadata = new Metadata();
    metadata.set("grpc-encoding", "gzip");
    await client.unary("plain", metadata).catch(() => undefined);
    expect(await client.unary("alive")).toBe("alive");
  });

  test("sends the leader's address along with every answer", async () => {
    const { client } = await start({
      unary: wrapUnary<Text, Text>(async ({ text }) => ({ text }), { ...insecure, leader: () => "h:1" }),
    });
    const hint = await new Promise<string | undefined>((resolve, reject) => {
      const call = client.makeUnaryRequest(
        "/test.Echo/Unary",
        (v: Text) => Buffer.from(JSON.stringify(v)),
        (b) => b,
        { text: "" },
        (error) => {
          if (error) reject(error);
        },
      );
      call.on("metadata", (metadata: Metadata) => {
        resolve(leaderHint(metadata));
      });
    });
    expect(hint).toBe("h:1");
  });
});

describe("a server stream", () => {
  test("writes everything, then ends", async () => {
    const serverStream = wrapServerStream<Text, Text>(async function* ({ text }) {
      for (const letter of text) yield { text: letter };
    }, insecure);
    const { client } = await start({ serverStream });
    const letters: string[] = [];
    for await (const message of client.serverStream("abc")) letters.push((message as Text).text);
    expect(letters).toEqual(["a", "b", "c"]);
  });

  test("delivers what was written before its source failed, then the status", async () => {
    const serverStream = wrapServerStream<Text, Text>(async function* () {
      yield { text: "first" };
      throw Object.assign(new Error("gone"), { code: "OUTPUT_GONE", category: "not-found" });
    }, insecure);
    const { client } = await start({ serverStream });
    const seen: string[] = [];
    const failure = await (async () => {
      for await (const message of client.serverStream("")) seen.push((message as Text).text);
    })().catch((error: unknown) => errorFromStatus(error as ServiceError));
    expect(seen).toEqual(["first"]);
    expect(failure).toMatchObject({ code: "OUTPUT_GONE", category: "not-found" });
  });

  test("holds its source back while the client does not read, and ends it when the client cancels", async () => {
    let written = 0;
    const ended = signal();
    const serverStream = wrapServerStream<Text, Text>(async function* () {
      try {
        while (true) {
          written += 1;
          yield { text: "x".repeat(64 * 1024) };
        }
      } finally {
        ended.fire();
      }
    }, insecure);
    const { client } = await start({ serverStream });
    const call = client.serverStream("");
    call.on("error", () => undefined);
    await new Promise<void>((resolve) => {
      call.once("data", () => {
        call.pause();
        resolve();
      });
    });
    await settled(() => written);
    expect(written).toBeLessThan(200);
    call.cancel();
    await ended.fired;
  });

  test("ends a source that waits for news when the client cancels", async () => {
    const waiting = signal();
    const returned = signal();
    const serverStream = wrapServerStream<Text, Text>(async function* (_request, context) {
      try {
        waiting.fire();
        await once(context.signal, "abort");
        yield { text: "too late" };
      } finally {
        returned.fire();
      }
    }, insecure);
    const { client } = await start({ serverStream });
    const call = client.serverStream("");
    call.on("error", () => undefined);
    await waiting.fired;
    call.cancel();
    await returned.fired;
  });
});

function signal(): { fired: Promise<void>; fire: () => void } {
  let fire: () => void = () => undefined;
  const fired = new Promise<void>((resolve) => {
    fire = resolve;
  });
  return { fired, fire: () => fire() };
}

/** Waits until `measure` gives the same twice, 50 ms apart: backpressure has no event to await. */
async function settled(measure: () => number): Promise<void> {
  for (let last = -1; measure() !== last;) {
    last = measure();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

describe("a client stream", () => {
  const joined = wrapClientStream<Text, Text>(async (requests) => {
    let text = "";
    for await (const request of requests) {
      if (request.text === "fail") throw Object.assign(new Error("no"), { code: "BAD", category: "invalid" });
      text += request.text;
    }
    return { text };
  }, insecure);

  test("gives the handler every request, then its end", async () => {
    const { client } = await start({ clientStream: joined });
    const answer = new Promise<Text | undefined>((resolve, reject) => {
      const call = client.clientStream((error, value) => {
        if (error) reject(error);
        else resolve(value);
      });
      for (const text of ["a", "b", "c"]) call.write({ text });
      call.end();
    });
    expect(await answer).toEqual({ text: "abc" });
  });

  test("fails with the handler's status before the client is done", async () => {
    const { client } = await start({ clientStream: joined });
    const failure = await new Promise((resolve) => {
      const call = client.clientStream((error) => {
        resolve(error && errorFromStatus(error));
      });
      call.write({ text: "fail" });
    });
    expect(failure).toMatchObject({ code: "BAD" });
  });
});

describe("a bidirectional stream", () => {
  test("answers while requests still come, and ends after the last one", async () => {
    const bidi = wrapBidi<Text, Text>(async function* (requests) {
      for await (const { text } of requests) yield { text: text.toUpperCase() };
    }, insecure);
    const { client } = await start({ bidi });
    const call = client.bidi();
    call.write({ text: "a" });
    const [first] = (await once(call, "data")) as [Text];
    expect(first.text).toBe("A");
    const rest: string[] = [];
    call.on("data", (message: Text) => rest.push(message.text));
    call.write({ text: "b" });
    call.end();
    const [end] = (await once(call, "status")) as [{ code: status }];
    expect(rest).toEqual(["B"]);
    expect(end.code).toBe(status.OK);
  });

  test("can answer after it stopped reading", async () => {
    const bidi = wrapBidi<Text, Text>(async function* (requests) {
      for await (const { text } of requests) {
        if (text === "stop") break;
      }
      yield { text: "goodbye" };
    }, insecure);
    const { client } = await start({ bidi });
    const call = client.bidi();
    call.write({ text: "stop" });
    const [message] = (await once(call, "data")) as [Text];
    expect(message.text).toBe("goodbye");
    await once(call, "status");
  });

  test("tells its handler that the requests are cut short when the client goes away, and nobody's log", async () => {
    const onError = jest.fn();
    for (let round = 0; round < 20; round += 1) {
      const ended = new Promise<unknown>((resolve) => {
        const run = async function* (requests: AsyncIterable<Text>): AsyncGenerator<Text> {
          yield { text: "ready" };
          try {
            for await (const _request of requests) yield { text: "" };
            resolve("the requests ended as if they were whole");
          } catch (error) {
            resolve(error);
            throw error;
          }
        };
        void start({ bidi: wrapBidi<Text, Text>(run, { ...insecure, onError }) }).then(async ({ client }) => {
          const call = client.bidi();
          call.on("error", () => undefined);
          await once(call, "data");
          call.cancel();
        });
      });
      expect(await ended).toMatchObject({ code: "CALL_CANCELLED" });
    }
    expect(onError).not.toHaveBeenCalled();
  });
});
