import { describe, expect, test } from "@jest/globals";
import { type IncomingSnapshot, MemoryStateMachine, setCommand, type SnapshotMeta } from "../../src/index.ts";
import { Cluster, eventLoopTurn, gate, type Place, rejection } from "./cluster.ts";

const SMALL = {
  logMaxEntries: 20,
  logMaxBytes: 100_000,
  logHardBytes: 200_000,
  snapshotRetryMs: { min: 100, max: 400 },
};

async function write(cluster: Cluster, leader: Place, count: number, prefix: string): Promise<void> {
  for (let i = 0; i < count; i++)
    await cluster.result(leader.node.propose(setCommand(`${prefix}${i}`, "x".repeat(40))));
}

/** A leader whose follower `behind` is cut off and lacks entries that are compacted. */
async function withLaggard(): Promise<{ cluster: Cluster; leader: Place; behind: Place; third: Place }> {
  const { cluster, leader } = await Cluster.led(3, SMALL);
  const [behind, third] = cluster.others(leader) as [Place, Place];
  await write(cluster, leader, 5, "early");
  await cluster.converge();
  cluster.network.isolate(behind.id);
  await write(cluster, leader, 60, "late");
  expect(leader.node.status().firstIndex).toBeGreaterThan(behind.node.status().lastIndex + 1);
  return { cluster, leader, behind, third };
}

/** Chunks that stop after the first until the gate opens. */
function holdChunks(machine: MemoryStateMachine, until: Promise<void>): { closed: number; taken: number } {
  const seen = { closed: 0, taken: 0 };
  const snapshot = machine.snapshot.bind(machine);
  machine.snapshot = async () => {
    const { meta, chunks } = await snapshot();
    seen.taken++;
    return { meta, chunks: held(chunks, until), close: () => Promise.resolve(void seen.closed++) };
  };
  return seen;
}

async function* held(chunks: AsyncIterable<Uint8Array>, until: Promise<void>): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    yield chunk;
    await until;
  }
}

describe("a follower that lacks compacted entries", () => {
  test("catches up by a snapshot while writes go on", async () => {
    const { cluster, leader, behind } = await withLaggard();
    const stream = gate();
    const seen = holdChunks(leader.stateMachine, stream.opened);
    cluster.network.heal();
    await cluster.until(() => seen.taken === 1, "a snapshot begins");
    await write(cluster, leader, 10, "meanwhile");
    expect(leader.node.status().snapshotsSending).toBe(1);
    stream.open();
    await cluster.converge();
    expect(behind.stateMachine.pairs()).toEqual(leader.stateMachine.pairs());
    expect([
      seen,
      leader.eventsOf("snapshotSent").length,
      behind.eventsOf("snapshotInstalled").length,
    ]).toEqual([{ taken: 1, closed: 1 }, 1, 1]);
    expect(behind.node.status().configuration).toEqual(cluster.bootstrap);
    expect((await behind.storage.load()).snapshot).toEqual(behind.eventsOf("snapshotInstalled")[0]?.meta);
    await write(cluster, leader, 5, "after");
    await cluster.converge();
    await cluster.stop();
  });

  test("is given the time to take the log after its snapshot, however fast the log grows (G18)", async () => {
    const { cluster, leader, behind } = await withLaggard();
    const stream = gate();
    const seen = holdChunks(leader.stateMachine, stream.opened);
    cluster.network.heal();
    await cluster.until(() => seen.taken === 1, "a snapshot begins");
    cluster.network.allow(({ to, type }) => to !== behind.id || type !== "appendRequest");
    stream.open();
    await cluster.until(() => leader.eventsOf("snapshotSent").length === 1, "the snapshot is installed");
    await write(cluster, leader, 60, "meanwhile");
    cluster.network.allow(() => true);
    await cluster.converge();
    expect(behind.eventsOf("snapshotInstalled")).toHaveLength(1);
    await write(cluster, leader, 30, "after");
    expect(leader.node.status().lastIndex - leader.node.status().firstIndex).toBeLessThan(30);
    await cluster.stop();
  });

  test("restarts from the snapshot it installed", async () => {
    const { cluster, leader, behind } = await withLaggard();
    cluster.network.heal();
    await cluster.until(() => behind.eventsOf("snapshotInstalled").length === 1, "the snapshot is installed");
    await cluster.crash(behind);
    await cluster.start(behind.id);
    await cluster.converge();
    expect(behind.stateMachine.pairs()).toEqual(leader.stateMachine.pairs());
    expect(behind.node.status().configuration).toEqual(cluster.bootstrap);
    await cluster.stop();
  });

  test("killed between the state's switch and the log's reset, takes the state and goes on (G18)", async () => {
    const { cluster, leader, behind } = await withLaggard();
    behind.storage.reset = () => new Promise(() => {});
    const applied = behind.stateMachine.appliedIndex();
    cluster.network.heal();
    await cluster.until(() => behind.stateMachine.appliedIndex() > applied + 20, "the state is restored");
    expect(behind.eventsOf("snapshotInstalled")).toEqual([]);
    const { index } = behind.stateMachine.durable();
    behind.storage = behind.storage.crash();
    behind.stateMachine = behind.stateMachine.crash();
    await cluster.network.transport(behind.id).close();
    void behind.node.stop();
    await cluster.start(behind.id);
    expect(behind.node.status()).toMatchObject({ appliedIndex: index, firstIndex: index + 1 });
    await cluster.converge();
    expect(behind.stateMachine.pairs()).toEqual(leader.stateMachine.pairs());
    for (const place of cluster.others(behind)) await place.node.stop();
    await behind.node.stop();
  });

  test("gets the snapshot from the next leader when its leader dies on the way", async () => {
    const { cluster, leader, behind, third } = await withLaggard();
    const seen = holdChunks(leader.stateMachine, new Promise(() => {}));
    cluster.network.heal();
    await cluster.until(() => leader.node.status().snapshotsSending === 1, "a snapshot begins");
    cluster.network.isolate(leader.id);
    await cluster.until(() => leader.eventsOf("leadershipLost").length === 1, "the leader steps down", 1_000);
    await cluster.clock.settle();
    expect([leader.node.status().snapshotsSending, seen.closed]).toEqual([0, 1]);
    await cluster.until(() => third.node.status().leaderReady, "the third leads", 60_000);
    await cluster.until(
      () => behind.stateMachine.appliedIndex() === third.stateMachine.appliedIndex(),
      "it caught up",
      60_000,
    );
    await cluster.stop();
  });
});

describe("a leader", () => {
  test("tries a failed snapshot again, each time after a longer pause, and closes each", async () => {
    const { cluster, leader, behind } = await withLaggard();
    const seen = holdChunks(leader.stateMachine, Promise.resolve());
    const restore = MemoryStateMachine.prototype.restore;
    let failures = 3;
    behind.stateMachine.restore = async function (this: MemoryStateMachine, meta: SnapshotMeta, chunks) {
      if (failures-- > 0) throw Object.assign(new Error("bad checksum"), { category: "invalid" });
      return restore.call(this, meta, chunks);
    };
    cluster.network.heal();
    await cluster.converge();
    expect(leader.eventsOf("snapshotFailed").map(({ retryMs }) => retryMs)).toEqual([100, 200, 400]);
    expect(behind.eventsOf("snapshotRefused")).toHaveLength(3);
    expect(behind.eventsOf("fatal")).toEqual([]);
    expect(seen).toEqual({ taken: 4, closed: 4 });
    await cluster.stop();
  });

  test("aborts a snapshot that the log cannot wait for any longer, and begins another (G18)", async () => {
    const { cluster, leader, behind } = await withLaggard();
    const seen = holdChunks(leader.stateMachine, new Promise(() => {}));
    cluster.network.heal();
    await cluster.until(() => seen.taken === 1, "a snapshot begins");
    const { firstIndex } = leader.node.status();
    await write(cluster, leader, 100, "more");
    expect(leader.node.status().firstIndex).toBeLessThanOrEqual(
      Math.max(firstIndex, leader.stateMachine.appliedIndex() - 80),
    );
    const big = setCommand("big", "x".repeat(60_000));
    for (let i = 0; i < 5; i++) await cluster.result(leader.node.propose(big));
    expect(leader.eventsOf("snapshotFailed")[0]?.error).toMatchObject({ code: "SNAPSHOT_OUTRUN", message: expect.stringContaining("logHardBytes") });
    expect(leader.node.status().logSizeBytes).toBeLessThan(200_000);
    await cluster.until(() => seen.taken === 2, "another begins");
    expect(behind.eventsOf("fatal")).toEqual([]);
    await cluster.stop();
    expect(cluster.clock.pendingTimers).toBe(0);
  });

  test("that stops closes the snapshot on its way", async () => {
    const { cluster, leader } = await withLaggard();
    const seen = holdChunks(leader.stateMachine, new Promise(() => {}));
    cluster.network.heal();
    await cluster.until(() => leader.node.status().snapshotsSending === 1, "a snapshot begins");
    await leader.node.stop();
    await cluster.stop();
    expect(seen).toEqual({ taken: 1, closed: 1 });
    expect(leader.eventsOf("snapshotFailed")).toEqual([]);
    expect(cluster.clock.pendingTimers).toBe(0);
  });
});

describe("a snapshot on its way in", () => {
  /** Offers a snapshot to a node as its leader's transport would. */
  async function offer(cluster: Cluster, to: Place, snapshot: Partial<IncomingSnapshot> = {}): Promise<void> {
    const leader = cluster.places.find(({ running }) => running?.status().role === "leader") as Place;
    const source = await leader.stateMachine.snapshot();
    const meta = { ...source.meta, configuration: cluster.bootstrap };
    const whole = {
      from: leader.id,
      term: leader.node.status().term,
      meta,
      chunks: source.chunks,
      ...snapshot,
    };
    const transport = cluster.network.peer(leader.id, to.id);
    if (transport === undefined) throw new Error("no link");
    return transport.receive(whole);
  }

  test("of a feature level above ours is refused (G7), and the node goes on", async () => {
    const { cluster, leader, behind } = await withLaggard();
    cluster.network.heal();
    const meta = { ...leader.stateMachine.durable(), configuration: cluster.bootstrap, featureLevel: 1 };
    expect(await rejection(offer(cluster, behind, { meta }))).toMatchObject({
      code: "FEATURE_LEVEL_UNSUPPORTED",
    });
    expect(behind.eventsOf("snapshotRefused")).toMatchObject([
      { from: leader.id, error: { category: "conflict" } },
    ]);
    await cluster.converge();
    await cluster.stop();
  });

  test("from a deposed leader is refused", async () => {
    const { cluster, leader } = await Cluster.led(3);
    const [follower] = cluster.others(leader) as [Place, Place];
    expect(await rejection(offer(cluster, follower, { term: 0 }))).toMatchObject({
      code: "SNAPSHOT_REFUSED",
    });
    await cluster.stop();
  });

  test("that the log covers already is taken as installed, unread", async () => {
    const { cluster, leader } = await Cluster.led(3);
    await write(cluster, leader, 5, "k");
    await cluster.converge();
    const [follower] = cluster.others(leader) as [Place, Place];
    await cluster.clock.advance(100);
    await offer(cluster, follower, {
      chunks: held(
        [] as never,
        Promise.reject(new Error("read")).catch(() => undefined),
      ),
    });
    expect(follower.eventsOf("snapshotInstalled")).toEqual([]);
    await cluster.stop();
  });

  test("is refused while another is being installed", async () => {
    const { cluster, leader, behind } = await withLaggard();
    const stream = gate();
    holdChunks(leader.stateMachine, stream.opened);
    cluster.network.heal();
    await cluster.until(() => behind.node.status().installingSnapshot, "a snapshot is being installed");
    expect(await rejection(offer(cluster, behind))).toMatchObject({ code: "SNAPSHOT_REFUSED" });
    stream.open();
    await cluster.converge();
    expect(behind.eventsOf("snapshotInstalled")).toHaveLength(1);
    await cluster.stop();
  });

  test("that falls silent is given up, and the next one is taken", async () => {
    const { cluster, leader, behind } = await withLaggard();
    const snapshot = leader.stateMachine.snapshot.bind(leader.stateMachine);
    const seen = holdChunks(leader.stateMachine, new Promise(() => {}));
    cluster.network.heal();
    await cluster.until(() => seen.taken === 1, "a snapshot begins");
    leader.stateMachine.snapshot = snapshot;
    await cluster.clock.advance(29_000);
    expect(behind.eventsOf("snapshotRefused")).toEqual([]);
    await cluster.clock.advance(2_000);
    expect(behind.eventsOf("snapshotRefused")).toMatchObject([{ error: { code: "SNAPSHOT_STREAM_BROKEN" } }]);
    await cluster.converge();
    expect(behind.eventsOf("fatal")).toEqual([]);
    await cluster.stop();
  });

  test("waits for the apply under way, and no apply begins until it is installed", async () => {
    const { cluster, leader, behind } = await withLaggard();
    const log: string[] = [];
    const machine = behind.stateMachine;
    const [apply, restore] = [machine.apply.bind(machine), machine.restore.bind(machine)];
    machine.apply = async (entries) => {
      log.push("apply");
      await eventLoopTurn();
      const results = await apply(entries);
      log.push("applied");
      return results;
    };
    machine.restore = async (meta, chunks) => {
      log.push("restore");
      await restore(meta, chunks);
      await eventLoopTurn();
      log.push("restored");
    };
    cluster.network.heal();
    await write(cluster, leader, 20, "more");
    await cluster.converge();
    const from = log.indexOf("restore");
    expect(from).toBeGreaterThanOrEqual(0);
    expect(log[from + 1]).toBe("restored");
    expect(log.filter((step) => step === "restore")).toHaveLength(1);
    await cluster.stop();
  });

  test("that fails on this node's own disk is fatal (G19)", async () => {
    const { cluster, behind } = await withLaggard();
    behind.stateMachine.restore = () => Promise.reject(new Error("EIO"));
    cluster.network.heal();
    await cluster.until(() => behind.eventsOf("fatal").length === 1, "the node fails");
    expect(behind.node.status().state).toBe("failed");
    await cluster.stop();
  });

  test("whose log reset fails is fatal, and is never reported installed (G19)", async () => {
    const { cluster, leader, behind } = await withLaggard();
    behind.storage.reset = () => Promise.reject(new Error("EIO"));
    cluster.network.heal();
    await cluster.until(() => behind.eventsOf("fatal").length === 1, "the node fails");
    expect([behind.eventsOf("snapshotInstalled"), leader.eventsOf("snapshotSent")]).toEqual([[], []]);
    await cluster.stop();
  });

  test("is broken off by stop, which waits until the state machine let go of it", async () => {
    const { cluster, leader, behind } = await withLaggard();
    holdChunks(leader.stateMachine, new Promise(() => {}));
    cluster.network.heal();
    await cluster.until(() => behind.node.status().installingSnapshot, "a snapshot is being installed");
    await behind.node.stop();
    expect(behind.eventsOf("snapshotRefused")).toEqual([]);
    await cluster.stop();
    expect(cluster.clock.pendingTimers).toBe(0);
  });
});
