import { describe, expect, test } from "@jest/globals";
import { MemoryStateMachine, setCommand } from "../../src/index.ts";
import { Cluster, gate, type Place, rejection } from "./cluster.ts";

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

/** Three nodes whose logs are compacted. */
async function compacted(): Promise<{ cluster: Cluster; leader: Place; loser: Place; third: Place }> {
  const { cluster, leader } = await Cluster.led(3, SMALL);
  const [loser, third] = cluster.others(leader) as [Place, Place];
  await write(cluster, leader, 60, "early");
  await cluster.converge();
  for (const { node } of cluster.places) expect(node.status().firstIndex).toBeGreaterThan(1);
  return { cluster, leader, loser, third };
}

/** Kills a node and takes its state away; its log stays. */
async function loseState(cluster: Cluster, place: Place): Promise<void> {
  await cluster.crash(place);
  place.stateMachine = new MemoryStateMachine();
  place.events.length = 0;
}

describe("a node that lost its state after its log was compacted (G17)", () => {
  test("gets a state from the leader while writes go on, without an election", async () => {
    const { cluster, leader, loser } = await compacted();
    const { term } = leader.node.status();
    await loseState(cluster, loser);
    await write(cluster, leader, 5, "down");
    await cluster.start(loser.id);
    expect(loser.node.status()).toMatchObject({ needsSnapshot: true, appliedIndex: 0 });
    await write(cluster, leader, 30, "meanwhile");
    await cluster.converge();
    expect(loser.stateMachine.pairs()).toEqual(leader.stateMachine.pairs());
    expect([loser.eventsOf("stateLost").length, loser.eventsOf("snapshotInstalled").length]).toEqual([1, 1]);
    expect(loser.node.status()).toMatchObject({ needsSnapshot: false, term });
    await cluster.stop();
    expect(cluster.clock.pendingTimers).toBe(0);
  });

  test("gets it from a leader that is idle, and whose log it holds to the end", async () => {
    const { cluster, leader, loser } = await compacted();
    await loseState(cluster, loser);
    await cluster.start(loser.id);
    await cluster.until(() => loser.eventsOf("snapshotInstalled").length === 1, "the state is there", 1_000);
    await cluster.converge();
    expect(loser.stateMachine.pairs()).toEqual(leader.stateMachine.pairs());
    expect(leader.eventsOf("snapshotSent")).toHaveLength(1);
    await cluster.stop();
  });

  test("keeps what it acknowledged: an entry that only it and the crashed leader hold survives", async () => {
    const { cluster, leader, loser, third } = await compacted();
    cluster.network.isolate(third.id);
    await write(cluster, leader, 3, "acknowledged");
    await cluster.until(
      () => loser.stateMachine.appliedIndex() === leader.stateMachine.appliedIndex(),
      "both hold it",
    );
    await cluster.crash(leader);
    await loseState(cluster, loser);
    await cluster.start(loser.id);
    cluster.network.heal();
    // Neither may lead: the third lacks the entries, and the other waits for a state.
    await cluster.clock.advance(3_000);
    expect(cluster.currentLeader()).toBeUndefined();
    expect([third, loser].map(({ node }) => node.status().role)).not.toContain("leader");
    await cluster.start(leader.id);
    expect((await cluster.leader()).id).toBe(leader.id);
    await cluster.converge();
    for (const { stateMachine } of cluster.places) expect(stateMachine.get("acknowledged2")).toBeDefined();
    await cluster.stop();
  });

  test("keeps it through a snapshot that ends before it, on disk as well, and leads with it", async () => {
    const { cluster, leader, loser, third } = await compacted();
    cluster.network.isolate(third.id);
    const older = await leader.stateMachine.snapshot();
    await write(cluster, leader, 3, "acknowledged");
    await cluster.until(
      () => loser.stateMachine.appliedIndex() === leader.stateMachine.appliedIndex(),
      "both hold it",
    );
    const lastIndex = loser.node.status().lastIndex;
    await loseState(cluster, loser);
    leader.stateMachine.snapshot = () => Promise.resolve(older);
    // The state arrives; appends no longer do.
    cluster.network.allow(({ type, to }) => type !== "appendRequest" || to !== loser.id);
    await cluster.start(loser.id);
    await cluster.until(() => loser.eventsOf("snapshotInstalled").length === 1, "the state is there");
    expect(loser.node.status()).toMatchObject({ commitIndex: older.meta.index, lastIndex });
    const held = await loser.storage.load();
    expect(held.snapshot.index).toBe(older.meta.index);
    expect(held.entries.at(-1)?.index).toBe(lastIndex);
    // The leader never comes back, and the node starts again on what its disk holds.
    await cluster.crash(leader);
    await cluster.crash(loser);
    cluster.network.allow(() => true);
    cluster.network.heal();
    await cluster.start(loser.id);
    expect((await cluster.leader()).id).toBe(loser.id);
    await cluster.converge();
    for (const place of [loser, third]) expect(place.stateMachine.get("acknowledged2")).toBeDefined();
    await cluster.stop();
  });

  test("killed between the state's arrival and the log's compaction, starts with both", async () => {
    const { cluster, leader, loser } = await compacted();
    await loseState(cluster, loser);
    loser.storage.compact = () => new Promise(() => {});
    await cluster.start(loser.id);
    await cluster.until(() => loser.stateMachine.appliedIndex() > 0, "the state is restored");
    expect(loser.eventsOf("snapshotInstalled")).toEqual([]);
    const { node } = loser;
    loser.storage = loser.storage.crash();
    loser.stateMachine = loser.stateMachine.crash();
    await cluster.network.transport(loser.id).close();
    void node.stop();
    await cluster.start(loser.id);
    expect(loser.node.status().needsSnapshot).toBe(false);
    await cluster.converge();
    expect(loser.stateMachine.pairs()).toEqual(leader.stateMachine.pairs());
    for (const place of cluster.places) await place.node.stop();
  });

  test("refuses a snapshot that ends before its log, and takes a later one", async () => {
    const { cluster, leader, loser } = await compacted();
    await loseState(cluster, loser);
    const snapshot = leader.stateMachine.snapshot.bind(leader.stateMachine);
    let old = 2;
    leader.stateMachine.snapshot = async () => {
      const newest = await snapshot();
      return old-- > 0 ? { ...newest, meta: { ...newest.meta, index: 2 } } : newest;
    };
    await cluster.start(loser.id);
    await cluster.converge();
    expect(loser.eventsOf("snapshotRefused").map(({ error }) => error.message)).toEqual(
      Array<unknown>(2).fill(expect.stringContaining("before the log here begins")),
    );
    expect(loser.stateMachine.pairs()).toEqual(leader.stateMachine.pairs());
    await cluster.stop();
  });

  test("is no target of a transfer while it waits", async () => {
    const { cluster, leader, loser, third } = await compacted();
    await loseState(cluster, loser);
    const held = gate();
    const snapshot = leader.stateMachine.snapshot.bind(leader.stateMachine);
    leader.stateMachine.snapshot = () => held.opened.then(snapshot);
    await cluster.start(loser.id);
    await cluster.until(() => leader.node.status().snapshotsSending === 1, "a snapshot begins");
    expect(await cluster.result(leader.node.transferLeadership())).toBe(third.id);
    held.open();
    await cluster.converge();
    await cluster.stop();
  });
});

describe("a cluster in which every node lost its state", () => {
  test("waits, and says so again and again, without a leader", async () => {
    const { cluster } = await compacted();
    await cluster.blackout();
    for (const place of cluster.places) {
      place.stateMachine = new MemoryStateMachine();
      place.events.length = 0;
      await cluster.start(place.id);
    }
    await cluster.clock.advance(61_000);
    for (const place of cluster.places) {
      expect(place.eventsOf("stateLost")).toMatchObject([
        { leader: 0, waitedMs: 0, appliedIndex: 0 },
        { leader: 0, waitedMs: 30_000 },
        { leader: 0, waitedMs: 60_000 },
      ]);
      expect(place.node.status().role).toBe("follower");
    }
    await cluster.stop();
    expect(cluster.clock.pendingTimers).toBe(0);
  });
});

describe("a node that is alone", () => {
  test("and lost its state replays a log that begins at 1", async () => {
    const { cluster, leader } = await Cluster.led(1);
    await write(cluster, leader, 5, "k");
    await loseState(cluster, leader);
    await cluster.start(leader.id);
    await cluster.leader();
    expect(leader.stateMachine.pairs()).toHaveLength(5);
    expect(leader.eventsOf("stateLost")).toEqual([]);
    await cluster.stop();
  });

  test("and lost its state after its log was compacted refuses to start, and asks for a backup", async () => {
    const { cluster, leader } = await Cluster.led(1, SMALL);
    await write(cluster, leader, 60, "k");
    await loseState(cluster, leader);
    expect(await rejection(cluster.start(leader.id))).toMatchObject({
      code: "STATE_BEHIND_LOG",
      message: expect.stringContaining("Restore a backup"),
    });
  });
});
