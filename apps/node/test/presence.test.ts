import { expect, test } from "@jest/globals";
import { RegisterNode } from "@coxswain/state-machine";
import type { Node } from "@coxswain/state-machine";
import { Lease } from "@coxswain/worker";
import { Presence } from "../src/presence.ts";
import { HandClock, settle } from "../../../packages/worker/test/hand-clock.ts";

const TTL_MS = 5_000;

class CodedError extends Error {
  readonly code: string;
  readonly category: string;

  constructor(code: string, category: string) {
    super(code);
    this.code = code;
    this.category = category;
  }
}

interface Asked {
  incarnation: number;
  leaving: boolean;
}

/** A cluster of one leader that can be told how to answer, and a state of this node that follows at once. */
class FakeCluster {
  readonly heartbeats: Asked[] = [];
  readonly registered: number[] = [];
  /** How many attempts each try to register named as adopted. */
  readonly adopted: number[] = [];
  readonly reincarnated: number[] = [];
  readonly log: string[] = [];
  node: Node | undefined;
  applies = true;
  workerStarts = 0;
  guardEnd = 0;
  starts = 7;
  onRegister: (incarnation: number) => void = () => {};
  onHeartbeat: () => { leaseMs: number; reason?: string } | Promise<{ leaseMs: number; reason?: string }> = () => ({ leaseMs: TTL_MS });
  onLeftovers: () => void = () => {};

  apply(incarnation: number, changes: Partial<Node> = {}): void {
    this.node = { ...({ id: 1, incarnation, lost: false } as Node), ...changes };
  }
}

function setUp() {
  const clock = new HandClock();
  const cluster = new FakeCluster();
  const lease = new Lease(clock);
  const say = (fields: object, message: string): void => void cluster.log.push(message);
  const presence = new Presence({
    registration: RegisterNode.fromPartial({ nodeId: 1, uuid: "u", incarnation: 7, adopted: [{ executionId: "a.1.1", attempt: 1 }] }),
    nextIncarnation: async () => (cluster.starts += 1),
    nodeTtlMs: TTL_MS,
    leader: {
      heartbeat: async ({ incarnation, leaving }) => {
        cluster.heartbeats.push({ incarnation, leaving });
        return await cluster.onHeartbeat();
      },
      registerNode: async ({ incarnation, adopted }) => {
        cluster.adopted.push(adopted.length);
        cluster.onRegister(incarnation);
        cluster.registered.push(incarnation);
        if (cluster.applies) cluster.apply(incarnation);
      },
    },
    store: { node: () => cluster.node },
    worker: {
      reportLeftovers: async () => cluster.onLeftovers(),
      start: () => void (cluster.workerStarts += 1),
      reincarnate: async (incarnation) => void cluster.reincarnated.push(incarnation),
    },
    lease,
    guard: { renew: (endMs) => (cluster.guardEnd = endMs) },
    ...clock,
    uptimeMs: clock.uptimeMs,
    logger: { info: say, warn: say },
  });
  return { clock, cluster, lease, presence };
}

test("a start reports leftovers, registers, starts the worker and then holds a lease", async () => {
  const { clock, cluster, lease, presence } = setUp();
  cluster.onLeftovers = () => expect(cluster.registered).toEqual([]);
  await presence.start();
  await settle();
  expect(cluster).toMatchObject({ registered: [7], workerStarts: 1, guardEnd: clock.nowMs + TTL_MS });
  expect(lease.held).toBe(true);
  await presence.stop();
});

test("the lease runs from the sending of the request, not from its answer (G12)", async () => {
  const { clock, cluster, lease, presence } = setUp();
  const sentAtMs = clock.nowMs;
  cluster.onHeartbeat = () => {
    clock.nowMs += 900;
    return { leaseMs: TTL_MS };
  };
  await presence.start();
  await settle();
  expect(lease.endsAtMs).toBe(sentAtMs + TTL_MS);
  expect(cluster.guardEnd).toBe(sentAtMs + TTL_MS);
  await presence.stop();
});

test("a longer lease than this node told when it registered is not made use of (G12)", async () => {
  const { clock, cluster, lease, presence } = setUp();
  cluster.onHeartbeat = () => ({ leaseMs: 6 * TTL_MS });
  await presence.start();
  await settle();
  expect([lease.endsAtMs, cluster.guardEnd]).toEqual([clock.nowMs + TTL_MS, clock.nowMs + TTL_MS]);
  await presence.stop();
});

test("a shorter lease than its own is renewed before it ends", async () => {
  const { clock, cluster, lease, presence } = setUp();
  cluster.onHeartbeat = () => ({ leaseMs: 900 });
  await presence.start();
  await settle();
  for (let passed = 0; passed < 3_000; passed += 100) {
    clock.advance(100);
    await settle();
    expect(lease.held).toBe(true);
  }
  await presence.stop();
});

test("a lease is renewed before it is due when another node leads", async () => {
  const { cluster, presence } = setUp();
  await presence.start();
  await settle();
  presence.renewNow();
  await settle();
  expect(cluster.heartbeats).toHaveLength(2);
  await presence.stop();
});

test("three renewals fall into the life of a lease", async () => {
  const { clock, cluster, presence } = setUp();
  await presence.start();
  for (let n = 0; n < 3; n++) {
    await settle();
    clock.advance(TTL_MS / 3);
  }
  await settle();
  expect(cluster.heartbeats).toHaveLength(4);
  await presence.stop();
});

test("without a leader, registering is tried until there is one, and said once, not ten times a second", async () => {
  const { clock, cluster, presence } = setUp();
  let tries = 0;
  cluster.onRegister = () => {
    tries += 1;
    if (tries <= 20) throw new CodedError("LEADER_UNKNOWN", "unavailable");
  };
  const started = presence.start();
  for (let n = 0; n < 20; n++) {
    await settle();
    clock.advance(100);
  }
  await started;
  expect(cluster.registered).toEqual([7]);
  expect(cluster.log.filter((line) => line.includes("cannot register yet"))).toHaveLength(1);
  await presence.stop();
});

test("a registration that is refused for good ends the start", async () => {
  const { cluster, presence } = setUp();
  cluster.onRegister = () => {
    throw new CodedError("NODE_IDENTITY_CONFLICT", "conflict");
  };
  await expect(presence.start()).rejects.toMatchObject({ code: "NODE_IDENTITY_CONFLICT" });
});

test("a registration that was committed though unanswered, and lost since, is followed by a newer incarnation (G2)", async () => {
  const { cluster, presence } = setUp();
  cluster.onRegister = (incarnation) => {
    if (incarnation === 7) throw new CodedError("STALE_INCARNATION", "conflict");
  };
  await presence.start();
  expect(cluster).toMatchObject({ registered: [8], reincarnated: [8], workerStarts: 1 });
  await presence.stop();
});

test("what was adopted is named until the node is registered, and never by a later incarnation, which has ended it", async () => {
  const { clock, cluster, presence } = setUp();
  let tries = 0;
  cluster.onRegister = () => {
    tries += 1;
    if (tries === 1) throw new CodedError("LEADER_UNKNOWN", "unavailable");
    if (tries === 2) throw new CodedError("STALE_INCARNATION", "conflict");
  };
  const started = presence.start();
  await settle();
  clock.advance(100);
  await started;
  expect(cluster).toMatchObject({ registered: [8], reincarnated: [8], adopted: [1, 1, 0] });
  await presence.stop();
});

test("a node that was given up while its state still caught up comes back, and does not wait for ever", async () => {
  const { clock, cluster, presence } = setUp();
  cluster.applies = false;
  const started = presence.start();
  await settle();
  cluster.applies = true;
  // Its own registration and its loss become known here in one go.
  cluster.apply(7, { lost: true });
  cluster.onHeartbeat = () => (cluster.node?.lost === true ? { leaseMs: 0, reason: "LOST" } : { leaseMs: TTL_MS });
  clock.advance(100);
  await started;
  await settle();
  expect(cluster).toMatchObject({ registered: [7, 8], reincarnated: [8] });
  expect(cluster.node).toMatchObject({ incarnation: 8, lost: false });
  await presence.stop();
});

test("a node declared lost while alive ends what runs, registers as a new incarnation and gets a lease again", async () => {
  const { clock, cluster, lease, presence } = setUp();
  await presence.start();
  await settle();
  cluster.onHeartbeat = () => (cluster.registered.includes(8) ? { leaseMs: TTL_MS } : { leaseMs: 0, reason: "LOST" });
  cluster.onRegister = (incarnation) => incarnation === 8 && expect(cluster.reincarnated).toEqual([8]);
  clock.advance(TTL_MS / 3);
  await settle();
  clock.advance(100);
  await settle();
  expect(cluster.heartbeats.at(-1)).toMatchObject({ incarnation: 8 });
  expect(lease.held).toBe(true);
  await presence.stop();
});

test("a second start from a copied data directory is named, and does not fight", async () => {
  const { clock, cluster, presence } = setUp();
  cluster.onHeartbeat = () => ({ leaseMs: 0, reason: "OTHER_INCARNATION" });
  await presence.start();
  for (let n = 0; n < 5; n++) {
    await settle();
    clock.advance(100);
  }
  expect(cluster.registered).toEqual([7]);
  expect(cluster.log.filter((line) => line.includes("copy of its data directory"))).toHaveLength(1);
  await presence.stop();
});

test("leaving is told at once, also when a heartbeat is under way, and resolves when the leader knows", async () => {
  const { cluster, presence } = setUp();
  let answer: () => void = () => {};
  cluster.onHeartbeat = () => new Promise((resolve) => (answer = () => resolve({ leaseMs: TTL_MS })));
  await presence.start();
  await settle();
  let left = false;
  const leaving = presence.leave().then(() => (left = true));
  cluster.onHeartbeat = () => ({ leaseMs: TTL_MS });
  answer();
  await leaving;
  expect(left).toBe(true);
  expect(cluster.heartbeats).toEqual([
    { incarnation: 7, leaving: false },
    { incarnation: 7, leaving: true },
  ]);
  await presence.stop();
});

test("leaving waits no longer than a second for a leader", async () => {
  const { clock, cluster, presence } = setUp();
  cluster.onHeartbeat = () => Promise.reject(new CodedError("LEADER_UNKNOWN", "unavailable"));
  await presence.start();
  const leaving = presence.leave();
  await settle();
  clock.advance(1_000);
  await leaving;
  await presence.stop();
});

test("stopped while it registers: the start ends, the worker is not started, no timer is left", async () => {
  const { clock, cluster, presence } = setUp();
  cluster.onRegister = () => {
    throw new CodedError("LEADER_UNKNOWN", "unavailable");
  };
  const started = presence.start();
  await settle();
  await presence.stop();
  await started;
  expect(cluster.workerStarts).toBe(0);
  expect(clock.pending).toBe(0);
});

test("a lease that cannot be renewed is said once it has ended, and again when it is back", async () => {
  const { clock, cluster, presence } = setUp();
  await presence.start();
  await settle();
  cluster.onHeartbeat = () => Promise.reject(new CodedError("LEADER_UNKNOWN", "unavailable"));
  clock.advance(TTL_MS / 3);
  await settle();
  expect(cluster.log).not.toContainEqual(expect.stringContaining("not renewed"));
  clock.advance(TTL_MS);
  await settle();
  clock.advance(100);
  await settle();
  expect(cluster.log.filter((line) => line.includes("not renewed"))).toHaveLength(1);
  cluster.onHeartbeat = () => ({ leaseMs: TTL_MS });
  clock.advance(100);
  await settle();
  expect(cluster.log.at(-1)).toBe("the node holds a lease");
  await presence.stop();
});
