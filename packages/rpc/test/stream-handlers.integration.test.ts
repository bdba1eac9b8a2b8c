import { once } from "node:events";
import { describe, expect, jest, test } from "@jest/globals";
import { type ServiceError, status } from "@grpc/grpc-js";
import { errorFromStatus, localAdmin, wrapBidi, wrapClientStream, wrapServerStream } from "@coxswain/rpc";
import type { Text } from "./echo.ts";
import { useEcho } from "./use-echo.ts";

const start = useEcho();
const insecure = { insecurePeer: localAdmin };

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
