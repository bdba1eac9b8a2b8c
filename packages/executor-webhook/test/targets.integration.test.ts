import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import type { WebhookExecutorOptions } from "../src/index.ts";
import { Bench } from "./bench.ts";
import { Receiver } from "./receiver.ts";

let receiver: Receiver;
let bench: Bench;
beforeEach(async () => void (receiver = await Receiver.start()));
afterEach(async () => {
  await bench.executor.close();
  await receiver.close();
});

async function refused(url: string, options: WebhookExecutorOptions): Promise<void> {
  bench = new Bench(options);
  const { result } = await bench.finish({ url });
  expect(result).toMatchObject({ outcome: "failed", errorType: "TARGET_REFUSED", retryable: false, startedAtMs: 0 });
  expect(receiver.sockets.opened).toBe(0);
}

describe("targets that are not public", () => {
  test.each([
    "127.0.0.1", "localhost", "2130706433", "0x7f.1", "0177.0.0.1", "127.1", "0.0.0.0", "[::1]", "[::]",
    "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "10.0.0.1", "169.254.169.254", "[fe80::1]",
  ])("http://%s is refused before a connection", async (host) => {
    await refused(`http://${host}:${receiver.port}/`, { allow: [] });
  });

  test("https is no way around", async () => {
    await refused(`https://127.0.0.1:${receiver.port}/`, { allow: [] });
  });

  test("a name that leads there is refused", async () => {
    const lookup = async () => [{ address: "127.0.0.1", family: 4 }];
    await refused(`http://public.example:${receiver.port}/`, { allow: [], lookup });
  });

  test("a name that changes its answer is judged by the address that is connected to", async () => {
    const answers = ["127.0.0.1", "127.0.0.2"];
    const lookup = async () => [{ address: answers.shift() ?? "127.0.0.2", family: 4 }];
    bench = new Bench({ allow: ["127.0.0.1/32"], lookup, connectionsPerOrigin: 1, idleTimeoutMs: 1 });
    const url = `http://rebinding.example:${receiver.port}/status/200`;
    expect((await bench.finish({ url })).result.outcome).toBe("succeeded");
    await receiver.closeConnections();
    expect((await bench.finish({ url })).result).toMatchObject({ errorType: "TARGET_REFUSED" });
    expect(receiver.received.length).toBe(1);
  });

  test("of several addresses of a name only the allowed ones are tried", async () => {
    const lookup = async () => [
      { address: "127.0.0.2", family: 4 },
      { address: "127.0.0.1", family: 4 },
    ];
    bench = new Bench({ allow: ["127.0.0.1/32"], lookup });
    const { result } = await bench.finish({ url: `http://both.example:${receiver.port}/` });
    expect(result.outcome).toBe("succeeded");
  });

  test("a redirect there is not followed", async () => {
    bench = new Bench();
    const { result } = await bench.finish({ url: receiver.url("/redirect/302") });
    expect(result.errorType).toBe("REDIRECT");
    expect(receiver.received.length).toBe(1);
  });
});
