import { once } from "node:events";
import { createServer } from "node:http";
import { createServer as createTcpServer } from "node:net";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { Bench } from "./bench.ts";
import { Receiver } from "./receiver.ts";

let receiver: Receiver;
let bench: Bench;
beforeEach(async () => {
  receiver = await Receiver.start();
  bench = new Bench({ bodyMaxBytes: 100_000 });
});
afterEach(async () => {
  await bench.executor.close();
  await receiver.close();
});

const lastBody = (): unknown => JSON.parse(receiver.received.at(-1)!.body);
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("what a receiver gets", () => {
  test("a POST in the form it knows, with the execution's identity", async () => {
    const { result } = await bench.finish({ url: receiver.url("/hook?a=1"), payload: bytes('{"total": 12}') });
    expect(result).toMatchObject({ outcome: "succeeded", httpStatus: 200 });
    expect(result.responseTimeMs).toBeGreaterThanOrEqual(0);
    expect(receiver.received[0]).toMatchObject({
      method: "POST",
      url: "/hook?a=1",
      headers: { "content-type": "application/json", "idempotency-key": "bill.7.3", "coxswain-attempt": "2" },
    });
    expect(lastBody()).toEqual({
      job_id: "bill",
      type: "recurrente",
      executed_at: new Date(result.startedAtMs).toISOString(),
      execution_id: "bill.7.3",
      attempt: 2,
      due_at: "2026-01-02T03:04:05.000Z",
      payload: { total: 12 },
    });
  });

  test.each([
    ["no payload", new Uint8Array(), '"payload":null'],
    ["a number that JavaScript cannot hold", bytes("12345678901234567890"), '"payload":12345678901234567890'],
    ["text that is no JSON", bytes('he said "é"'), '"payload":"he said \\"é\\""'],
    ["bytes that are no text", Uint8Array.of(0xff, 0), '"payload_base64":"/wA="'],
  ])("%s", async (_, payload, member) => {
    await bench.finish({ url: receiver.url("/"), payload });
    expect(receiver.received[0]!.body).toContain(member);
    lastBody();
  });

  test("the method and headers that the task names", async () => {
    const headers = { Authorization: "Bearer x", "content-type": "application/vnd.mine+json" };
    await bench.finish({ url: receiver.url("/"), method: "put", headers });
    expect(receiver.received[0]).toMatchObject({
      method: "PUT",
      headers: { authorization: "Bearer x", "content-type": "application/vnd.mine+json" },
    });
    await bench.finish({ url: receiver.url("/"), method: "GET" });
    expect(receiver.received[1]).toMatchObject({ method: "GET", body: "" });
  });

  test("an execution id of any text, made fit for a header", async () => {
    const ref = { executionId: "größe 1", attempt: 1 };
    await bench.finish({ url: receiver.url("/") }, undefined, { ref });
    expect(receiver.received[0]!.headers["idempotency-key"]).toBe("gr%C3%B6%C3%9Fe%201");
  });

  test("one request, however it ends", async () => {
    for (const path of ["/status/500", "/broken/200", "/garbage"]) await bench.finish({ url: receiver.url(path) });
    expect(receiver.received.length).toBe(3);
  });
});

describe("how a request ends", () => {
  test.each([
    ["/status/200", { outcome: "succeeded", httpStatus: 200, retryable: false }],
    ["/status/204", { outcome: "succeeded", httpStatus: 204 }],
    ["/status/404", { outcome: "failed", errorType: "HTTP_4XX", httpStatus: 404, retryable: true }],
    ["/status/503", { outcome: "failed", errorType: "HTTP_5XX", httpStatus: 503, retryable: true }],
    ["/redirect/302", { outcome: "failed", errorType: "REDIRECT", httpStatus: 302 }],
    ["/redirect/308", { outcome: "failed", errorType: "REDIRECT", httpStatus: 308 }],
    ["/broken/200", { outcome: "failed", errorType: "BODY", httpStatus: 200, retryable: true }],
    ["/broken/500", { outcome: "failed", errorType: "HTTP_5XX", httpStatus: 500 }],
    ["/garbage", { outcome: "failed", errorType: "HTTP", retryable: true }],
  ])("%s: %j", async (path, expected) => {
    const { result } = await bench.finish({ url: receiver.url(path) });
    expect(result).toMatchObject(expected);
    expect(receiver.received.length).toBe(1);
  });

  test("no answer in time is TIMEOUT; an answer without an end is BODY", async () => {
    const { result } = await bench.finish({ url: receiver.url("/hang") }, 100);
    expect(result).toMatchObject({ outcome: "timedOut", errorType: "TIMEOUT", retryable: true });
    expect(result.httpStatus).toBeUndefined();
    const dripping = await bench.finish({ url: receiver.url("/drip/200") }, 1_000);
    expect(dripping.result).toMatchObject({ outcome: "timedOut", errorType: "BODY", httpStatus: 200 });
    expect(dripping.output).toBe("a first byte");
  });

  test("a refusal stays one, even if its body does not end", async () => {
    const { result, output } = await bench.finish({ url: receiver.url("/drip/400") }, 1_000);
    expect(result).toMatchObject({ outcome: "failed", errorType: "HTTP_4XX", httpStatus: 400 });
    expect(output).toBe("a first byte");
  });

  test("an endless body is cut at the cap, and its connection with it", async () => {
    const { result, task } = await bench.finish({ url: receiver.url("/flood/1e15") });
    expect(result.outcome).toBe("succeeded");
    expect(task.output.totalBytes).toBe(100_000);
    await receiver.quiet();
  });

  test("a refused connection is CONNECTION", async () => {
    const gone = await Receiver.start();
    const url = gone.url("/");
    await gone.close();
    expect((await bench.finish({ url })).result).toMatchObject({ errorType: "CONNECTION", retryable: true });
  });

  test("a name that does not resolve is DNS", async () => {
    const lookup = () => Promise.reject(Object.assign(new Error("no such name"), { code: "ENOTFOUND", syscall: "getaddrinfo" }));
    const nameless = new Bench({ lookup });
    expect((await nameless.finish({ url: "http://no.such.name/" })).result).toMatchObject({ errorType: "DNS", retryable: true });
    await nameless.executor.close();
    const empty = new Bench({ lookup: async () => [] });
    expect((await empty.finish({ url: "http://no.such.name/" })).result).toMatchObject({ errorType: "DNS" });
    await empty.executor.close();
  });

  test("a peer that does not speak TLS is TLS", async () => {
    const url = receiver.url("/").replace("http:", "https:");
    expect((await bench.finish({ url })).result).toMatchObject({ errorType: "TLS", retryable: true });
  });

  test("a connection that is accepted and closed is CONNECTION", async () => {
    const server = createTcpServer((socket) => socket.destroy());
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    expect((await bench.finish({ url })).result).toMatchObject({ errorType: "CONNECTION" });
    server.close();
  });

  test("a stop breaks off the request, whatever the grace", async () => {
    const task = await bench.start({ url: receiver.url("/hang") });
    await receiver.nextRequest();
    await task.stop(60_000);
    expect(await task.result).toMatchObject({ outcome: "stopped", errorType: "STOPPED" });
    await receiver.quiet();
  });
});

describe("connections", () => {
  test("are used again, and bounded for each origin", async () => {
    const narrow = new Bench({ connectionsPerOrigin: 3 });
    const many = Array.from({ length: 30 }, (_, i) =>
      narrow.finish({ url: receiver.url("/") }, undefined, { ref: { executionId: `many.1.${i}`, attempt: 1 } }),
    );
    for (const { result } of await Promise.all(many)) expect(result.outcome).toBe("succeeded");
    expect(receiver.sockets.most).toBeLessThanOrEqual(3);
    expect(receiver.sockets.opened).toBeLessThanOrEqual(3);
    await narrow.executor.close();
  });

  test("do not go through a proxy of the environment", async () => {
    const proxy = createServer();
    process.env["HTTP_PROXY"] = process.env["http_proxy"] = "http://127.0.0.1:9";
    const { result } = await bench.finish({ url: receiver.url("/") });
    delete process.env["HTTP_PROXY"];
    delete process.env["http_proxy"];
    proxy.close();
    expect(result.outcome).toBe("succeeded");
  });
});
