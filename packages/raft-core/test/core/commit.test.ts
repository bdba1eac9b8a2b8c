import { describe, expect, test } from "@jest/globals";
import { SimCluster } from "./harness/sim-cluster.ts";
import { Solo } from "./harness/solo.ts";
import { bytesOf, emptyState, normalEntry, stateWithLog, votersOf } from "./harness/states.ts";

const FIVE = votersOf(1, 2, 3, 4, 5);

/** Raft paper, figure 8 (b): n1 and n2 hold entry 2 of term 2, n5 holds another of term 3. */
function figure8(): SimCluster {
  const cluster = new SimCluster({
    ids: [1, 2, 3, 4, 5],
    config: { maxAppendEntries: 1 },
    disks: {
      1: stateWithLog(FIVE, [1, 2], { term: 3 }),
      2: stateWithLog(FIVE, [1, 2], { term: 3 }),
      3: stateWithLog(FIVE, [1], { term: 3 }),
      4: stateWithLog(FIVE, [1], { term: 3 }),
      5: stateWithLog(FIVE, [1, 3], { term: 3 }),
    },
  });
  cluster.isolate(5);
  return cluster;
}

/** Loses the noop of term 4 on its way to nodes that could take it: those that hold entry 2 of term 2. */
function withoutNoop(cluster: SimCluster): SimCluster["filter"] {
  return ({ to, ...packet }) =>
    packet.type !== "message" ||
    packet.message.type !== "appendRequest" ||
    packet.message.entries[0]?.term !== 4 ||
    cluster.node(to).raft.termAt(2) !== 2;
}

describe("the commit rule", () => {
  test("scenario 1, Raft paper figure 8 (c, d): an entry of an earlier term on a majority is not committed, and may still be replaced", () => {
    const cluster = figure8();
    cluster.filter = withoutNoop(cluster);
    const n1 = cluster.elect(1);
    expect(cluster.up.filter((node) => node.disk.holds(2, 2))).toHaveLength(4);
    expect(n1.raft.commitIndex).toBe(0);

    cluster.crash(1);
    cluster.filter = () => true;
    cluster.heal();
    // The others wait out the dead leader's lease; n5 alone goes on to campaign.
    for (const id of [2, 3, 4])
      cluster.act(id, (node) => {
        for (let i = 0; i < 10; i += 1) node.raft.tick();
      });
    cluster.packets = [];
    // Its term is behind; the first answers tell it where the others are.
    cluster.campaign(5);
    cluster.settle();
    cluster.elect(5);
    cluster.restart(1);
    cluster.tick(20);
    for (const node of cluster.up) expect(node.applied[1]?.term).toBe(3);
  });

  test("scenario 1, Raft paper figure 8 (e): it is committed along with an entry of the current term", () => {
    const cluster = figure8();
    const n1 = cluster.elect(1);
    expect(n1.raft.commitIndex).toBe(3);
    expect(n1.applied.map((entry) => entry.term)).toEqual([1, 2, 4]);
  });

  test("scenario 3, etcd TestHandleMsgApp: an empty append commits no further than it verifies", () => {
    const solo = new Solo(stateWithLog(votersOf(1, 2, 3), [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]));
    solo.append(2, 2, [9, 1], [], 11);
    expect(solo.raft.commitIndex).toBe(9);
  });

  test("a heartbeat carries no more than the follower is known to hold", () => {
    const solo = new Solo();
    solo.lead();
    solo.sync();
    solo.acknowledge(2, 1);
    solo.take();
    solo.raft.tick();
    solo.raft.tick();
    const heartbeats = solo.take().messages.filter((message) => message.type === "heartbeatRequest");
    expect(heartbeats.map((message) => [message.to, message.leaderCommit])).toEqual([
      [2, 1],
      [3, 0],
    ]);
  });

  test("a leader counts itself only as far as its own disk", () => {
    const solo = new Solo();
    solo.lead();
    const { id } = solo.take();
    solo.acknowledge(2, 1);
    expect(solo.raft.commitIndex).toBe(0);
    solo.raft.appended(id);
    expect(solo.raft.commitIndex).toBe(1);
  });

  test("followers alone can commit what the leader has not synced yet", () => {
    const solo = new Solo();
    solo.lead();
    solo.take();
    solo.acknowledge(2, 1);
    solo.acknowledge(3, 1);
    expect(solo.raft.commitIndex).toBe(1);
    expect(solo.raft.status().stableIndex).toBe(0);
  });

  test("a single node elects itself once its vote is durable, and commits once its entries are", () => {
    const solo = new Solo(emptyState(votersOf(1)));
    for (let i = 0; i < 20; i += 1) solo.raft.tick();
    expect(solo.raft.role).toBe("candidate");
    solo.sync();
    expect(solo.raft.role).toBe("leader");
    expect(solo.raft.propose([bytesOf("a")])).toEqual({ accepted: true, firstIndex: 2, term: 1 });
    const ready = solo.take();
    expect(ready.committed).toEqual([]);
    solo.raft.appended(ready.id);
    expect(solo.take().committed.map((entry) => entry.type)).toEqual(["noop", "normal"]);
  });

  test("in a joint configuration, dissertation 4.3, both halves must hold an entry; learners do not count", () => {
    const joint = { voters: [1, 2, 3], votersOutgoing: [1, 4, 5], learners: [6] };
    const solo = new Solo(stateWithLog(joint, [1]));
    solo.raft.campaign();
    for (const from of [2, 4])
      solo.raft.step({ type: "preVoteResponse", from, to: 1, term: 2, granted: true });
    solo.sync();
    solo.raft.step({ type: "voteResponse", from: 2, to: 1, term: 2, granted: true });
    expect(solo.raft.role).toBe("candidate");
    solo.raft.step({ type: "voteResponse", from: 4, to: 1, term: 2, granted: true });
    solo.sync();
    for (const from of [2, 3, 6]) solo.acknowledge(from, 2);
    expect(solo.raft.commitIndex).toBe(0);
    solo.acknowledge(5, 2);
    expect(solo.raft.commitIndex).toBe(2);
  });

  test("a follower that lost what it acknowledged stops rather than follow", () => {
    const solo = new Solo();
    solo.append(2, 1, [0, 0], [normalEntry(1, 1)], 1);
    const heartbeat = {
      type: "heartbeatRequest",
      from: 2,
      to: 1,
      term: 1,
      leaderCommit: 5,
      readContext: 0,
    } as const;
    expect(() => solo.raft.step(heartbeat)).toThrow("wipe this node");
  });
});
