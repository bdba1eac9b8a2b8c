import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { RefusedError } from "@coxswain/job-service";
import { InternalServiceService, RegisterNode, ReportAttempts_Item } from "@coxswain/protocol";
import { internalServiceImplementation, LeaderLink, NodeClients } from "../src/index.ts";
import type { InternalHandlers, ReportStreamOptions } from "../src/index.ts";
import { until } from "./calls.ts";
import { fakeHandlers } from "./fake-handlers.ts";
import { TestPki } from "./pki.ts";
import { startServer } from "./server.ts";
import type { RunningServer } from "./server.ts";

let pki: TestPki;
const closers: { close(): void }[] = [];

beforeAll(async () => {
  pki = await TestPki.create(["node", "node-1"]);
});

afterAll(() => {
  for (const closer of closers.reverse()) closer.close();
});

async function fixture(
  handlers: Record<number, Partial<InternalHandlers>>,
  reports: Partial<ReportStreamOptions> = {},
) {
  const servers = new Map<number, RunningServer>();
  for (const [id, answers] of Object.entries(handlers)) {
    const implementation = internalServiceImplementation(fakeHandlers(answers), { now: () => 77 });
    const server = await startServer(pki.server("node-1"), [[InternalServiceService, implementation]]);
    servers.set(Number(id), server);
    closers.push(server);
  }
  const state = { leader: 2 };
  const clients = new NodeClients({
    addressOf: (id) => servers.get(id)?.address,
    credentials: () => pki.channel("node-1"),
  });
  const link = new LeaderLink({
    nodeId: 1,
    leader: () => state.leader,
    local: fakeHandlers(handlers[1]),
    clients,
    reports,
  });
  closers.push(clients, link);
  return { link, state, servers };
}

const item = (executionId: string, outputBytes = 0): ReportAttempts_Item =>
  ReportAttempts_Item.fromPartial({
    executionId,
    attempt: 1,
    result: { outcome: 1, outputTail: new Uint8Array(outputBytes) },
  });
const items = (count: number, prefix = "e"): ReportAttempts_Item[] =>
  Array.from({ length: count }, (_, i) => item(`${prefix}${String(i)}`));

const beat = { nodeId: 1, incarnation: 4, timeMs: 0, leaving: false };
const soon = { timeoutMs: 5_000 };

async function refusal(promise: Promise<unknown>): Promise<object> {
  return await promise.then(
    () => {
      throw new Error("should have been refused");
    },
    (error: unknown) => error as object,
  );
}

describe("leases and registration", () => {
  test("go to whoever leads, and stay here when this node does", async () => {
    const asked: string[] = [];
    const node = (name: string): Partial<InternalHandlers> => ({
      heartbeat: ({ incarnation }) => {
        asked.push(`${name} ${String(incarnation)}`);
        return Promise.resolve({ leaseMs: 5_000 });
      },
      registerNode: ({ uuid }) => {
        asked.push(`${name} ${uuid}`);
        return Promise.resolve();
      },
    });
    const { link, state } = await fixture({ 1: node("one"), 2: node("two") });
    expect(await link.heartbeat(beat, soon)).toEqual({ leaseMs: 5_000 });
    await link.registerNode(RegisterNode.fromPartial({ uuid: "u" }), soon);
    state.leader = 1;
    await link.heartbeat(beat, soon);
    await link.registerNode(RegisterNode.fromPartial({ uuid: "u" }), soon);
    expect(asked).toEqual(["two 4", "two u", "one 4", "one u"]);
  });

  test("a lease that is not granted says why", async () => {
    const { link } = await fixture({
      2: { heartbeat: () => Promise.resolve({ leaseMs: 0, reason: "NOT_REGISTERED" }) },
    });
    expect(await link.heartbeat(beat, soon)).toEqual({ leaseMs: 0, reason: "NOT_REGISTERED" });
    const refusing = await fixture({
      2: {
        heartbeat: () =>
          Promise.reject(new RefusedError({ code: "NOT_LEADER", category: "unavailable", message: "" })),
      },
    });
    expect(await refusing.link.heartbeat(beat, soon)).toEqual({ leaseMs: 0, reason: "NOT_LEADER" });
  });

  test("a registration that is refused says why", async () => {
    const refused = new RefusedError({ code: "STALE_INCARNATION", category: "conflict", message: "restart" });
    const { link } = await fixture({ 2: { registerNode: () => Promise.reject(refused) } });
    expect(await refusal(link.registerNode(RegisterNode.fromPartial({}), soon))).toMatchObject({
      code: "STALE_INCARNATION",
      category: "conflict",
    });
  });

  test("without a leader nothing is tried; a silent one is given up in time", async () => {
    const { link, state } = await fixture({ 2: { heartbeat: () => new Promise(() => {}) } });
    expect(await refusal(link.heartbeat(beat, { timeoutMs: 50 }))).toMatchObject({
      category: "unknown-outcome",
    });
    state.leader = 0;
    expect(await refusal(link.heartbeat(beat, soon))).toMatchObject({ code: "NO_LEADER" });
    expect(await refusal(link.report(items(1)))).toMatchObject({ code: "NO_LEADER" });
  });
});

describe("reports", () => {
  test("resolve when the leader has them, gathered into batches", async () => {
    const batches: number[] = [];
    const open: (() => void)[] = [];
    const reportAttempts: InternalHandlers["reportAttempts"] = (got) => {
      batches.push(got.length);
      return new Promise((resolve) => open.push(resolve));
    };
    const { link } = await fixture({ 2: { reportAttempts } }, { maxBatchesInFlight: 1, maxBatchItems: 10 });
    const first = link.report(items(1));
    const rest = Promise.all(items(25).map((one) => link.report([one])));
    for (let batch = 0; batch < 4; batch++) {
      await until(() => open.length > 0);
      open.shift()?.();
    }
    await Promise.all([first, rest]);
    expect(batches).toEqual([1, 10, 10, 5]);
  });

  test("of many at once resolve only when the last of them is there", async () => {
    const open: (() => void)[] = [];
    const { link } = await fixture(
      { 2: { reportAttempts: () => new Promise((resolve) => open.push(resolve)) } },
      { maxBatchItems: 2 },
    );
    let resolved = false;
    const report = link.report(items(4)).then(() => (resolved = true));
    await until(() => open.length === 2);
    open[1]?.();
    await new Promise((resolve) => setImmediate(resolve));
    expect(resolved).toBe(false);
    open[0]?.();
    await report;
  });

  test("travel in batches that fit a message", async () => {
    const batches: number[] = [];
    const { link } = await fixture(
      {
        2: {
          reportAttempts: (got) => {
            batches.push(got.length);
            return Promise.resolve();
          },
        },
      },
      { maxBatchBytes: 100_000 },
    );
    await link.report(Array.from({ length: 5 }, (_, i) => item(String(i), 60_000)));
    expect(batches).toEqual([1, 1, 1, 1, 1]);
  });

  test("that the leader refuses are refused, and the stream goes on", async () => {
    let calls = 0;
    const notLeader = new RefusedError({
      code: "NOT_LEADER",
      category: "unavailable",
      message: "ask 3",
      leader: 3,
    });
    const { link } = await fixture({
      2: { reportAttempts: () => (calls++ === 0 ? Promise.reject(notLeader) : Promise.resolve()) },
    });
    expect(await refusal(link.report(items(2)))).toMatchObject({ code: "NOT_LEADER", leader: 3 });
    await link.report(items(2));
  });

  test("go to the new leader after a change; what the old one had not confirmed is rejected", async () => {
    const got: string[] = [];
    const three: Partial<InternalHandlers> = {
      reportAttempts: (reported) => {
        got.push(...reported.map(({ executionId }) => executionId));
        return Promise.resolve();
      },
    };
    let arrived = false;
    const { link, state } = await fixture({
      2: {
        reportAttempts: () => {
          arrived = true;
          return new Promise(() => {});
        },
      },
      3: three,
    });
    const lost = refusal(link.report(items(1, "old")));
    await until(() => arrived);
    state.leader = 3;
    await link.report(items(1, "new"));
    expect(await lost).toMatchObject({ category: "unknown-outcome" });
    expect(got).toEqual(["new0"]);
  });

  test("come through again when the leader was gone for a while", async () => {
    const { link, servers } = await fixture({ 2: {} });
    await link.report(items(1));
    servers.get(2)?.close();
    expect(await refusal(link.report(items(1)))).toMatchObject({
      category: expect.stringMatching(/unavailable|unknown-outcome/),
    });
    const back = await startServer(pki.server("node-1"), [
      [InternalServiceService, internalServiceImplementation(fakeHandlers())],
    ]);
    closers.push(back);
    servers.set(2, back);
    await link.report(items(1));
  });

  test("that a leader leaves unanswered are given up in time", async () => {
    const timers: (() => void)[] = [];
    let arrived = false;
    const { link } = await fixture(
      {
        2: {
          reportAttempts: () => {
            arrived = true;
            return new Promise(() => {});
          },
        },
      },
      {
        after: (_delayMs, callback) => {
          timers.push(callback);
          return () => {};
        },
      },
    );
    const lost = refusal(link.report(items(1)));
    await until(() => arrived);
    timers[0]?.();
    expect(await lost).toMatchObject({ code: "REPORT_UNANSWERED", category: "unknown-outcome" });
  });

  test("wait in bounded numbers, and end with the link", async () => {
    const { link } = await fixture(
      { 2: { reportAttempts: () => new Promise(() => {}) } },
      { maxBatchesInFlight: 1, maxBatchItems: 1, maxWaitingItems: 2 },
    );
    const waiting = items(3).map((one) => refusal(link.report([one])));
    expect(await refusal(link.report(items(1)))).toMatchObject({
      code: "TOO_MANY_REPORTS",
      category: "exhausted",
    });
    link.close();
    link.close();
    for (const one of waiting) expect(await one).toMatchObject({ category: "unknown-outcome" });
    expect(await refusal(link.report(items(1)))).toMatchObject({ code: "NO_LEADER" });
  });
});
