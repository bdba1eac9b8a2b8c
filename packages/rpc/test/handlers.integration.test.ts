import { once } from "node:events";
import { connect as connectTcp } from "node:net";
import { describe, expect, test } from "@jest/globals";
import { Metadata, type ServiceError, status } from "@grpc/grpc-js";
import {
  type CallRecord,
  PermissionDeniedError,
  type RemoteError,
  leaderHint,
  localAdmin,
  wrapBidi,
  wrapUnary,
} from "@coxswain/rpc";
import type { Text } from "./echo.ts";
import { useEcho } from "./use-echo.ts";

const start = useEcho();
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
