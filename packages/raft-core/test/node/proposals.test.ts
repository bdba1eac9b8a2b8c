import { describe, expect, test } from "@jest/globals";
import { type Entry, NodeStoppedError, NotLeaderError, setCommand } from "../../src/index.ts";
import { Proposals } from "../../src/node/proposals.ts";
import { Cluster, gate, rejection } from "./cluster.ts";

const LIMITS = { maxProposalBytes: 10, maxInflightProposals: 8, maxUncommittedBytes: 40, systemShare: 0.25 };
const bytes = (size: number, fill = 0): Uint8Array => new Uint8Array(size).fill(fill);
const entry = (index: number, term: number): Entry => ({ index, term, type: "normal", data: bytes(1) });

/** Hands everything queued to the log, from `firstIndex` on. */
function take(proposals: Proposals<string>, firstIndex: number, term = 1): number {
  const { length } = proposals.next(1_000);
  proposals.taken(length, firstIndex, term);
  return length;
}

describe("a proposal ends", () => {
  test("with the result of its own entry", async () => {
    const proposals = new Proposals<string>(LIMITS);
    const result = proposals.submit(bytes(1), {});
    take(proposals, 5, 2);
    proposals.applied(entry(5, 2), "done");
    expect(await result).toBe("done");
    expect([proposals.inflight, proposals.inflightBytes]).toEqual([0, 0]);
  });

  test("as dropped when another term's entry is applied in its place", async () => {
    const proposals = new Proposals<string>(LIMITS);
    const result = proposals.submit(bytes(1), {});
    take(proposals, 5, 2);
    proposals.applied(entry(5, 3), "another's");
    expect(await rejection(result)).toMatchObject({ code: "PROPOSAL_DROPPED", category: "unavailable" });
  });

  test.each([
    ["dropped", "PROPOSAL_DROPPED"],
    ["unknown", "PROPOSAL_OUTCOME_UNKNOWN"],
  ] as const)("as the core says: %s", async (outcome, code) => {
    const proposals = new Proposals<string>(LIMITS);
    const result = proposals.submit(bytes(1), {});
    take(proposals, 5, 2);
    proposals.dropped({ index: 5, term: 1, outcome });
    expect(proposals.inflight).toBe(1);
    proposals.dropped({ index: 5, term: 2, outcome });
    expect(await rejection(result)).toMatchObject({ code });
    expect(proposals.inflight).toBe(0);
  });

  test("as unknown when a snapshot jumps over it", async () => {
    const proposals = new Proposals<string>(LIMITS);
    const [passed, later] = [proposals.submit(bytes(1), {}), proposals.submit(bytes(1), {})];
    take(proposals, 5);
    proposals.passed(5);
    expect(await rejection(passed)).toMatchObject({ code: "PROPOSAL_OUTCOME_UNKNOWN" });
    proposals.applied(entry(6, 1), "done");
    expect(await later).toBe("done");
  });

  test("as never proposed when leadership is lost while it waits", async () => {
    const proposals = new Proposals<string>(LIMITS);
    const result = proposals.submit(bytes(1), {});
    proposals.rejectQueued(() => new NotLeaderError(3));
    expect(await rejection(result)).toMatchObject({ code: "NOT_LEADER", leader: 3 });
    expect(proposals.next(1_000)).toEqual([]);
  });

  test("as unknown or never proposed when the node ends, by whether the log took it", async () => {
    const proposals = new Proposals<string>(LIMITS);
    const taken = proposals.submit(bytes(1), {});
    take(proposals, 5);
    const queued = proposals.submit(bytes(1), {});
    const cause = new NodeStoppedError("stopped");
    proposals.rejectAll(cause);
    expect(await rejection(taken)).toMatchObject({ code: "PROPOSAL_OUTCOME_UNKNOWN", cause });
    expect(await rejection(queued)).toBe(cause);
    expect(proposals.inflight).toBe(0);
  });
});

describe("an abort signal", () => {
  test("before the call: nothing is queued", () => {
    const proposals = new Proposals<string>(LIMITS);
    expect(() => proposals.submit(bytes(1), { signal: AbortSignal.abort() })).toThrow(
      "before the proposal reached the log",
    );
    expect(proposals.inflight).toBe(0);
  });

  test("while it is queued: it never reaches the log, and its budget is free", async () => {
    const proposals = new Proposals<string>(LIMITS);
    const abort = new AbortController();
    const result = proposals.submit(bytes(1), { signal: abort.signal });
    abort.abort(new Error("too slow"));
    expect(await rejection(result)).toMatchObject({
      code: "PROPOSAL_DROPPED",
      cause: { message: "too slow" },
    });
    expect([take(proposals, 5), proposals.inflight]).toEqual([0, 0]);
  });

  test("after the log took it: unknown, and the budget stays used until its fate is known", async () => {
    const proposals = new Proposals<string>(LIMITS);
    const abort = new AbortController();
    const result = proposals.submit(bytes(1), { signal: abort.signal });
    take(proposals, 5);
    abort.abort();
    expect(await rejection(result)).toMatchObject({
      code: "PROPOSAL_OUTCOME_UNKNOWN",
      category: "unknown-outcome",
    });
    expect(proposals.inflight).toBe(1);
    proposals.applied(entry(5, 1), "nobody listens");
    expect(proposals.inflight).toBe(0);
  });

  test("after the end: nothing happens", async () => {
    const proposals = new Proposals<string>(LIMITS);
    const abort = new AbortController();
    const result = proposals.submit(bytes(1), { signal: abort.signal });
    take(proposals, 5);
    proposals.applied(entry(5, 1), "done");
    abort.abort();
    expect(await result).toBe("done");
    expect(proposals.inflight).toBe(0);
  });
});

describe("limits", () => {
  test("a proposal above maxProposalBytes is refused", () => {
    const proposals = new Proposals<string>(LIMITS);
    expect(() => proposals.submit(bytes(11), {})).toThrow(
      expect.objectContaining({ code: "PROPOSAL_TOO_LARGE" }),
    );
    void proposals.submit(bytes(10), {});
  });

  test("a flood of user proposals leaves the system's share of the count free (G21)", () => {
    const proposals = new Proposals<string>(LIMITS);
    for (let i = 0; i < 6; i++) void proposals.submit(bytes(1), {});
    expect(() => proposals.submit(bytes(1), {})).toThrow(
      expect.objectContaining({ code: "TOO_MANY_PROPOSALS" }),
    );
    for (let i = 0; i < 2; i++) void proposals.submit(bytes(1), { priority: "system" });
    expect(() => proposals.submit(bytes(1), { priority: "system" })).toThrow(
      expect.objectContaining({ category: "exhausted" }),
    );
  });

  test("a flood of user proposals leaves the system's share of the bytes free (G21)", () => {
    const proposals = new Proposals<string>(LIMITS);
    for (let i = 0; i < 3; i++) void proposals.submit(bytes(10), {});
    expect(() => proposals.submit(bytes(1), {})).toThrow(
      expect.objectContaining({ code: "TOO_MANY_PROPOSALS" }),
    );
    void proposals.submit(bytes(10), { priority: "system" });
    expect(() => proposals.submit(bytes(1), { priority: "system" })).toThrow(
      expect.objectContaining({ code: "TOO_MANY_PROPOSALS" }),
    );
  });

  test("system proposals go first, each kind in its order (G21)", () => {
    const proposals = new Proposals<string>(LIMITS);
    void proposals.submit(bytes(1, 1), {});
    void proposals.submit(bytes(1, 2), { priority: "system" });
    void proposals.submit(bytes(1, 3), {});
    void proposals.submit(bytes(1, 4), { priority: "system" });
    expect(proposals.next(1_000).map(([first]) => first)).toEqual([2, 4, 1, 3]);
  });

  test("a batch is bounded by bytes, and holds at least one proposal", () => {
    const proposals = new Proposals<string>(LIMITS);
    for (const size of [10, 1, 1]) void proposals.submit(bytes(size), {});
    expect(proposals.next(5)).toHaveLength(1);
    proposals.taken(1, 1, 1);
    expect(proposals.next(5)).toHaveLength(2);
  });
});

describe("in a cluster", () => {
  test("a follower refuses and names the leader", async () => {
    const { cluster, leader } = await Cluster.led(3);
    await cluster.clock.advance(100);
    for (const follower of cluster.others(leader)) {
      expect(await rejection(follower.node.propose(setCommand("a", "1")))).toMatchObject({
        code: "NOT_LEADER",
        leader: leader.id,
      });
    }
    await cluster.stop();
  });

  test("scenario 11: a leader cut off steps down, and its proposals end as unknown", async () => {
    const { cluster, leader } = await Cluster.led(3);
    cluster.network.isolate(leader.id);
    const ends = Promise.allSettled([
      leader.node.propose(setCommand("a", "1")),
      leader.node.propose(setCommand("b", "2")),
    ]);
    for (const end of await cluster.result(ends, 1_000)) {
      expect(end).toMatchObject({ status: "rejected", reason: { code: "PROPOSAL_OUTCOME_UNKNOWN" } });
    }
    expect(await rejection(leader.node.propose(setCommand("c", "3")))).toMatchObject({ code: "NOT_LEADER" });
    await cluster.stop();
  });

  test("proposals that gather while a write is under way share the next one", async () => {
    const { cluster, leader } = await Cluster.led(1, { maxPendingWrites: 1 });
    const batches: number[] = [];
    let disk = gate();
    const append = leader.storage.append.bind(leader.storage);
    leader.storage.append = async (batch) => {
      batches.push(batch.entries.length);
      await disk.opened;
      await append(batch);
    };
    const results: Promise<unknown>[] = [leader.node.propose(setCommand("k0", "v"))];
    await cluster.clock.settle();
    for (let i = 1; i <= 50; i++) {
      results.push(leader.node.propose(setCommand(`k${i}`, "v")));
      await cluster.clock.settle();
    }
    expect(batches).toEqual([1]);
    disk.open();
    disk = gate();
    await cluster.clock.settle();
    expect(batches).toEqual([1, 50]);
    disk.open();
    await Promise.all(results);
    await cluster.stop();
  });

  test("what the log took before the caller gave up is applied all the same", async () => {
    const { cluster, leader } = await Cluster.led(3);
    const abort = new AbortController();
    const result = leader.node.propose(setCommand("a", "1"), { signal: abort.signal });
    const end = rejection(result);
    await Promise.resolve();
    await Promise.resolve();
    abort.abort();
    expect(await end).toMatchObject({ code: "PROPOSAL_OUTCOME_UNKNOWN" });
    await cluster.converge();
    expect(leader.stateMachine.get("a")).toBe("1");
    expect(leader.node.status().inflightProposals).toBe(0);
    await cluster.stop();
  });

  test("without a quorum the bytes in flight stay below their limit, and system proposals keep their share", async () => {
    const limits = { maxProposalBytes: 100, maxUncommittedBytes: 1_000, systemShare: 0.2 };
    const { cluster, leader } = await Cluster.led(3, limits);
    cluster.network.isolate(leader.id);
    const data = setCommand("key", "x".repeat(85));
    const submit = (priority: "system" | "user"): Promise<unknown> =>
      rejection(leader.node.propose(data, { priority }));
    const users = Array.from({ length: 50 }, () => submit("user"));
    const systems = Array.from({ length: 50 }, () => submit("system"));
    expect(leader.node.status().inflightProposalBytes).toBeLessThanOrEqual(1_000);
    await cluster.clock.advance(1_000);
    const refused = async (all: Promise<unknown>[]): Promise<number> =>
      (await Promise.all(all)).filter((error) => (error as { code: string }).code === "TOO_MANY_PROPOSALS")
        .length;
    expect(await refused(users)).toBe(50 - Math.floor(800 / data.length));
    expect(await refused(systems)).toBeLessThan(50);
    expect(leader.node.status().inflightProposals).toBe(0);
    await cluster.stop();
  });
});
