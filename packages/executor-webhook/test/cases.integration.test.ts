import { createHmac } from "node:crypto";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { signatureOf } from "../src/index.ts";
import type { WebhookExecutorOptions } from "../src/index.ts";
import { Bench } from "./bench.ts";
import { Receiver } from "./receiver.ts";

let receiver: Receiver;
const benches: Bench[] = [];
const benchOf = (options: WebhookExecutorOptions = {}): Bench => {
  const bench = new Bench(options);
  benches.push(bench);
  return bench;
};
beforeEach(async () => void (receiver = await Receiver.start()));
afterEach(async () => {
  await Promise.all(benches.splice(0).map((bench) => bench.executor.close()));
  await receiver.close();
});

const redirect = (status: number, to: string): string => receiver.url(`/redirect/${status}?to=${encodeURIComponent(to)}`);

describe("case 25: each failure has its own error type", () => {
  const nowhere = async (): Promise<string> => {
    const gone = await Receiver.start();
    const url = gone.url("/");
    await gone.close();
    return url;
  };
  const noName = () => Promise.reject(Object.assign(new Error("no such name"), { code: "ENOTFOUND", syscall: "getaddrinfo" }));

  test.each<[string, () => string | Promise<string>, object, WebhookExecutorOptions]>([
    ["connection refused", nowhere, { errorType: "CONNECTION" }, {}],
    ["DNS failure", () => "http://no.such.name/", { errorType: "DNS" }, { lookup: noName }],
    ["no TLS on the other side", () => receiver.url("/").replace("http:", "https:"), { errorType: "TLS" }, {}],
    ["timeout", () => receiver.url("/hang"), { outcome: "timedOut", errorType: "TIMEOUT" }, {}],
    ["4xx", () => receiver.url("/status/404"), { errorType: "HTTP_4XX", httpStatus: 404 }, {}],
    ["5xx", () => receiver.url("/status/503"), { errorType: "HTTP_5XX", httpStatus: 503 }, {}],
    ["a redirect where none is followed", () => redirect(307, "/"), { errorType: "REDIRECT", httpStatus: 307 }, {}],
    ["a redirect loop", () => receiver.url("/redirect/307"), { errorType: "REDIRECT", httpStatus: 307 }, { maxRedirects: 3 }],
    ["a body that does not end", () => receiver.url("/drip/200"), { outcome: "timedOut", errorType: "BODY" }, {}],
    ["a body that breaks off", () => receiver.url("/broken/200"), { errorType: "BODY" }, {}],
  ])("%s", async (_, url, expected, options) => {
    const { result } = await benchOf(options).finish({ url: await url() }, 1_000);
    expect(result).toMatchObject({ outcome: "failed", retryable: true, ...expected });
  });

  test("an endless body is cut at the cap", async () => {
    const { result, task } = await benchOf({ bodyMaxBytes: 10_000 }).finish({ url: receiver.url("/flood/1e15") });
    expect([result.outcome, task.output.totalBytes]).toEqual(["succeeded", 10_000]);
    await receiver.quiet();
  });

  test("a loop is given up after as many redirects as are followed", async () => {
    await benchOf({ maxRedirects: 3 }).finish({ url: receiver.url("/redirect/308") });
    expect(receiver.received.length).toBe(4);
  });

  test("the endless body of a redirect is not waited for", async () => {
    const { result } = await benchOf({ maxRedirects: 1 }).finish({ url: receiver.url("/endless-redirect") });
    expect(result).toMatchObject({ outcome: "succeeded", httpStatus: 200 });
    await receiver.quiet();
  });
});

describe("case 26: targets that are not public are refused", () => {
  const refused = { outcome: "failed", errorType: "TARGET_REFUSED", retryable: false };

  test.each(["127.0.0.1", "169.254.169.254", "10.0.0.1", "192.168.0.1", "[::1]", "[fe80::1]", "[fd00::1]"])("http://%s", async (host) => {
    const { result } = await benchOf({ allow: [] }).finish({ url: `http://${host}:${receiver.port}/` });
    expect(result).toMatchObject(refused);
    expect(receiver.sockets.opened).toBe(0);
  });

  test.each(["http://127.0.0.2", "http://169.254.169.254", "http://[::1]", "http://2130706434", "http://inside.example"])(
    "behind a redirect to %s",
    async (target) => {
      const bench = benchOf({
        allow: ["127.0.0.1/32"],
        maxRedirects: 5,
        lookup: async () => [{ address: "10.0.0.1", family: 4 }],
      });
      const { result } = await bench.finish({ url: redirect(307, `${target}:${receiver.port}/`) });
      expect(result).toMatchObject(refused);
      expect(receiver.received.length).toBe(1);
    },
  );

  test("behind a name that changes its answer", async () => {
    const answers = ["127.0.0.1", "127.0.0.2"];
    const lookup = async () => [{ address: answers.shift() ?? "127.0.0.2", family: 4 }];
    const bench = benchOf({ allow: ["127.0.0.1/32"], lookup, idleTimeoutMs: 1 });
    const url = `http://rebinding.example:${receiver.port}/`;
    expect((await bench.finish({ url })).result.outcome).toBe("succeeded");
    await receiver.closeConnections();
    expect((await bench.finish({ url })).result).toMatchObject(refused);
    expect(receiver.received.length).toBe(1);
  });
});

describe("case 27: CR and LF", () => {
  test.each([
    ["in the URL", { url: "http://127.0.0.1/a\r\nHost: b" }],
    ["in a header's value", { url: "http://127.0.0.1/", headers: { a: "b\r\nc: d" } }],
    ["in a header's name", { url: "http://127.0.0.1/", headers: { "a\nb": "c" } }],
    ["in the method", { url: "http://127.0.0.1/", method: "GET\r\n" }],
  ])("%s are rejected before anything is sent", async (_, task) => {
    await expect(benchOf().start(task)).rejects.toMatchObject({ code: "INVALID_TASK", category: "invalid" });
    expect(receiver.sockets.opened).toBe(0);
  });

  test("in an execution's id are rejected", async () => {
    const ref = { executionId: "a\r\nb: c", attempt: 1 };
    await expect(benchOf().start({ url: receiver.url("/") }, undefined, { ref })).rejects.toMatchObject({ code: "INVALID_TASK" });
  });

  test("in the location of a redirect stay percent-encoded", async () => {
    await benchOf({ maxRedirects: 1 }).finish({ url: redirect(307, "/a%0D%0Ab:%20c") });
    expect(receiver.received[1]).toMatchObject({ url: "/a%0D%0Ab:%20c" });
    expect(receiver.received[1]?.headers).not.toHaveProperty("b");
  });
});

describe("redirects, where they are followed", () => {
  test("the request goes on as it was, with the same identity", async () => {
    const headers = { authorization: "Bearer x" };
    const { result } = await benchOf({ maxRedirects: 2 }).finish({ url: redirect(308, "/status/204"), headers });
    expect(result).toMatchObject({ outcome: "succeeded", httpStatus: 204 });
    const [first, second] = receiver.received;
    expect(second).toMatchObject({ method: "POST", url: "/status/204", body: first?.body, headers: { ...headers, "idempotency-key": "bill.7.3" } });
  });

  test("to another origin, none of the task's headers go", async () => {
    const other = await Receiver.start();
    const bench = benchOf({ maxRedirects: 1 });
    const headers = { authorization: "Bearer x", "x-key": "y" };
    expect((await bench.finish({ url: redirect(307, other.url("/")), headers })).result.outcome).toBe("succeeded");
    expect(other.received[0]?.headers).toMatchObject({ "idempotency-key": "bill.7.3", "coxswain-attempt": "2" });
    expect(other.received[0]?.headers).not.toHaveProperty("authorization");
    expect(other.received[0]?.headers).not.toHaveProperty("x-key");
    await bench.executor.close();
    await other.close();
  });

  test.each([301, 302, 303])("a POST is not turned into a GET by %i; a GET goes on", async (status) => {
    const bench = benchOf({ maxRedirects: 1 });
    expect((await bench.finish({ url: redirect(status, "/") })).result).toMatchObject({ errorType: "REDIRECT", httpStatus: status });
    expect((await bench.finish({ url: redirect(status, "/"), method: "GET" })).result.outcome).toBe("succeeded");
  });

  test.each(["file:///etc/passwd", "http://user:secret@127.0.0.1/", "http://", ""])("a location of %j is not followed", async (to) => {
    const url = to === "" ? receiver.url("/status/307") : redirect(307, to);
    const { result } = await benchOf({ maxRedirects: 1 }).finish({ url });
    expect(result).toMatchObject({ errorType: "REDIRECT", httpStatus: 307 });
    expect(receiver.received.length).toBe(1);
  });
});

describe("the signature", () => {
  const secret = "a secret of both sides";

  test("vouches for the time, the execution, the attempt and the body", async () => {
    const payload = new TextEncoder().encode('{"total":12}');
    const { result } = await benchOf({ signingSecret: secret }).finish({ url: receiver.url("/"), payload });
    const { headers, body } = receiver.received[0]!;
    const timestampS = Math.floor(result.startedAtMs / 1000);
    const hex = createHmac("sha256", secret).update(`${timestampS}.bill.7.3.2.${body}`).digest("hex");
    expect(headers["coxswain-signature"]).toBe(`t=${timestampS},v1=${hex}`);
    const signed = { timestampS, idempotencyKey: "bill.7.3", attempt: "2", body };
    expect(signatureOf(secret, signed)).toBe(headers["coxswain-signature"]);
    expect(signatureOf("another", signed)).not.toBe(headers["coxswain-signature"]);
  });

  test("is not sent without a secret, and not for a task to forge", async () => {
    await benchOf().finish({ url: receiver.url("/"), method: "GET" });
    expect(receiver.received[0]?.headers).not.toHaveProperty("coxswain-signature");
    const forged = { url: receiver.url("/"), headers: { "Coxswain-Signature": "t=1,v1=00" } };
    await expect(benchOf().start(forged)).rejects.toMatchObject({ code: "INVALID_TASK" });
  });
});
