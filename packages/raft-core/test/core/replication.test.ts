import { describe, expect, test } from "@jest/globals";
import type { AppendRequest, Message } from "../../src/types.ts";
import type { SimNode } from "./harness/sim-node.ts";
import { SimCluster } from "./harness/sim-cluster.ts";
import { only, Solo } from "./harness/solo.ts";
import { bytesOf, normalEntry, stateWithLog, votersOf } from "./harness/states.ts";

const SEVEN = votersOf(1, 2, 3, 4, 5, 6, 7);

function termsOf(node: SimNode): number[] {
  return node.raft.entries(1, 100).map((entry) => entry.term);
}

/** A leader of term 1 whose followers hold the noop. */
function establishedLeader(config: ConstructorParameters<typeof Solo>[1] = {}): Solo {
  const solo = new Solo(undefined, config);
  solo.lead();
  solo.sync();
  for (const id of [2, 3]) solo.acknowledge(id, 1);
  solo.sync();
  return solo;
}

function appendsTo(id: number, messages: readonly Message[]): AppendRequest[] {
  return only(messages, "appendRequest").filter(({ to }) => to === id);
}

/** Takes what the leader sends, and has `from` answer its heartbeat. Gives the appends that come of it. */
function answerHeartbeat(solo: Solo, from: number): AppendRequest[] {
  const [heartbeat] = only(solo.sync(), "heartbeatRequest");
  const { term, readContext } = heartbeat!;
  solo.raft.step({ type: "heartbeatResponse", from, to: 1, term, readContext });
  return appendsTo(from, solo.sync());
}

describe("replication", () => {
  test("scenario 2, Raft paper figure 7: six followers with every kind of log end equal to the leader", () => {
    const logs = {
      1: [1, 1, 1, 4, 4, 5, 5, 6, 6, 6],
      2: [1, 1, 1, 4, 4, 5, 5, 6, 6],
      3: [1, 1, 1, 4],
      4: [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6],
      5: [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7],
      6: [1, 1, 1, 4, 4, 4, 4],
      7: [1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3],
    };
    const disks = Object.entries(logs).map(([id, terms]) => [id, stateWithLog(SEVEN, terms, { term: 7 })]);
    const cluster = new SimCluster({ ids: [1, 2, 3, 4, 5, 6, 7], disks: Object.fromEntries(disks) });
    cluster.elect(1);
    cluster.tick(5);
    for (const node of cluster.up) {
      expect(termsOf(node)).toEqual([...logs[1], 8]);
      expect(node.applied).toHaveLength(11);
    }
  });

  test("a follower that conflicts over many entries is found in a step for each term, dissertation 3.3", () => {
    const leader = [...Array<number>(50).fill(1), ...Array<number>(50).fill(4)];
    const follower = [
      ...Array<number>(50).fill(1),
      ...Array<number>(50).fill(2),
      ...Array<number>(50).fill(3),
    ];
    const configuration = votersOf(1, 2);
    const cluster = new SimCluster({
      ids: [1, 2],
      disks: {
        1: stateWithLog(configuration, leader, { term: 4 }),
        2: stateWithLog(configuration, follower, { term: 4 }),
      },
    });
    let refusals = 0;
    cluster.filter = (packet) => {
      if (packet.type === "message" && packet.message.type === "appendResponse" && !packet.message.success)
        refusals += 1;
      return true;
    };
    cluster.elect(1);
    expect(termsOf(cluster.node(2))).toEqual(termsOf(cluster.node(1)));
    expect(refusals).toBeLessThanOrEqual(2);
  });

  test("an append that was overtaken by a longer one takes nothing back, Raft paper 5.3", () => {
    const solo = new Solo();
    solo.append(2, 1, [0, 0], [normalEntry(1, 1), normalEntry(2, 1)]);
    solo.sync();
    solo.append(2, 1, [0, 0], [normalEntry(1, 1)]);
    expect(solo.raft.status().lastIndex).toBe(2);
    expect(only(solo.sync(), "appendResponse").map((message) => message.index)).toEqual([1]);
  });

  test("an append below the commit index is taken from there on, even where the log is compacted", () => {
    const solo = new Solo();
    solo.append(
      2,
      1,
      [0, 0],
      [1, 2, 3].map((index) => normalEntry(index, 1)),
      3,
    );
    solo.sync();
    const configuration = votersOf(1, 2, 3);
    expect(solo.raft.compact({ index: 3, term: 1, configuration, featureLevel: 0 })).toBe(true);
    solo.append(
      2,
      1,
      [1, 1],
      [2, 3, 4].map((index) => normalEntry(index, 1)),
      4,
    );
    expect(solo.raft.status()).toMatchObject({ lastIndex: 4, commitIndex: 4 });
    expect(only(solo.sync(), "appendResponse").map((message) => message.index)).toEqual([4]);
  });

  test("a request with a hole between its entries is ignored", () => {
    const solo = new Solo();
    solo.append(2, 1, [0, 0], [normalEntry(1, 1), normalEntry(3, 1)]);
    expect(solo.raft.status().lastIndex).toBe(0);
  });

  test("committed entries are never replaced", () => {
    const solo = new Solo();
    solo.append(2, 1, [0, 0], [normalEntry(1, 1), normalEntry(2, 1)], 2);
    expect(() => solo.append(3, 2, [0, 0], [normalEntry(1, 2)])).not.toThrow();
    expect(solo.raft.entries(1, 1)[0]?.term).toBe(1);
  });

  test("two leaders in one term stop the node", () => {
    const solo = new Solo();
    solo.append(2, 1, [0, 0], []);
    expect(() => solo.append(3, 1, [0, 0], [])).toThrow("both lead");
  });

  test("a leader streams without waiting, within its window of messages", () => {
    const solo = establishedLeader({ maxInflightAppends: 3, maxAppendEntries: 1 });
    solo.raft.propose(["a", "b", "c", "d", "e"].map(bytesOf));
    const sent = only(solo.sync(), "appendRequest").filter((message) => message.to === 2);
    expect(sent.map((message) => message.prevLogIndex)).toEqual([1, 2, 3]);
    solo.acknowledge(2, 3);
    const more = only(solo.sync(), "appendRequest").filter((message) => message.to === 2);
    expect(more.map((message) => message.prevLogIndex)).toEqual([4, 5]);
  });

  test("and within its window of bytes", () => {
    const solo = establishedLeader({ maxInflightBytes: 150, maxAppendBytes: 100 });
    solo.raft.propose(Array.from({ length: 4 }, () => new Uint8Array(70)));
    const sent = only(solo.sync(), "appendRequest").filter((message) => message.to === 2);
    expect(sent.map((message) => message.entries.length)).toEqual([1, 1]);
  });

  test("a lost append at the end of the log is sent again after a heartbeat", () => {
    const cluster = new SimCluster({ ids: [1, 2, 3] });
    cluster.elect(1);
    cluster.filter = (packet) => packet.type !== "message" || packet.message.type !== "appendRequest";
    cluster.propose(1, "lost");
    cluster.settle();
    cluster.filter = () => true;
    cluster.tick(4);
    for (const node of cluster.up) expect(node.applied).toHaveLength(2);
  });

  test("a follower whose window is full of lost appends recovers", () => {
    const cluster = new SimCluster({ ids: [1, 2], config: { maxInflightAppends: 2, maxAppendEntries: 1 } });
    cluster.elect(1);
    cluster.filter = (packet) => packet.type !== "message" || packet.message.type !== "appendRequest";
    cluster.propose(1, "a", "b", "c", "d");
    cluster.settle();
    cluster.filter = () => true;
    cluster.tick(6);
    for (const node of cluster.up) expect(node.applied).toHaveLength(5);
  });

  test("a follower that answers heartbeats and no appends gets no more than its window", () => {
    const solo = establishedLeader({ maxInflightAppends: 3, maxAppendEntries: 1 });
    solo.raft.propose(Array.from({ length: 20 }, () => bytesOf("x")));
    const sent = appendsTo(2, solo.sync());
    for (let i = 0; i < 10; i += 1) {
      for (let elapsed = 0; elapsed < 2; elapsed += 1) solo.raft.tick();
      sent.push(...answerHeartbeat(solo, 2));
    }
    expect(sent.filter(({ entries }) => entries.length > 0)).toHaveLength(3);
    expect(sent.slice(3).map(({ prevLogIndex }) => prevLogIndex)).toEqual(Array<number>(10).fill(4));
  });

  test("rounds of reads ask a follower no more often than ticks do", () => {
    const solo = establishedLeader();
    solo.raft.propose([bytesOf("x")]);
    solo.sync();
    const asked: AppendRequest[] = [];
    for (let read = 1; read <= 10; read += 1) {
      solo.raft.readIndex(read);
      asked.push(...answerHeartbeat(solo, 2));
    }
    expect(asked.map(({ prevLogIndex, entries }) => [prevLogIndex, entries.length])).toEqual([[2, 0]]);
    solo.raft.tick();
    solo.raft.readIndex(11);
    expect(answerHeartbeat(solo, 2)).toHaveLength(1);
  });

  test("nor is a probe repeated for each of them", () => {
    const solo = new Solo();
    solo.lead();
    solo.sync();
    solo.acknowledge(2, 1);
    solo.sync();
    let probes = 0;
    for (let read = 1; read <= 10; read += 1) {
      solo.raft.readIndex(read);
      probes += answerHeartbeat(solo, 3).length;
    }
    expect(probes).toBe(1);
  });

  test("a silent peer is probed no more than once for each answer", () => {
    const solo = new Solo();
    solo.lead();
    solo.sync();
    for (let i = 0; i < 5; i += 1) solo.raft.propose([bytesOf("x")]);
    expect(only(solo.sync(), "appendRequest")).toEqual([]);
  });

  test("followers learn of a commit at once, not with the next heartbeat", () => {
    const cluster = new SimCluster({ ids: [1, 2, 3] });
    cluster.elect(1);
    cluster.propose(1, "a");
    cluster.settle();
    for (const node of cluster.up) expect(node.applied).toHaveLength(2);
  });

  test("committed entries are handed out in portions, and no faster than they are applied", () => {
    const solo = new Solo(stateWithLog(votersOf(1, 2, 3), Array<number>(10).fill(1)), {
      maxUnappliedEntries: 4,
      maxCommittedBytes: 60,
    });
    solo.append(2, 1, [10, 1], [], 10);
    const handed: number[] = [];
    const take = (): number[] => solo.take().committed.map((entry) => entry.index);
    handed.push(...take());
    expect(handed).toEqual([1, 2, 3, 4]);
    expect(take()).toEqual([]);
    solo.raft.applied(2);
    expect(take()).toEqual([5, 6]);
  });

  test("a config entry is in force when appended, and no longer when it is replaced, dissertation 4.1", async () => {
    const { encodeConfiguration } = await import("../../src/core/configuration.ts");
    const solo = new Solo();
    const data = encodeConfiguration(votersOf(1, 2, 3, 4));
    solo.append(2, 1, [0, 0], [{ index: 1, term: 1, type: "config", data }]);
    expect(solo.raft.configuration).toEqual(votersOf(1, 2, 3, 4));
    solo.append(3, 2, [0, 0], [normalEntry(1, 2)]);
    expect(solo.raft.configuration).toEqual(votersOf(1, 2, 3));
  });

  test("a refusal that is late, repeated or misleading moves nothing back below the match, nor on the spot", () => {
    const solo = establishedLeader();
    solo.raft.propose(["a", "b", "c"].map(bytesOf));
    solo.sync();
    const refuse = (index: number, hintIndex: number): void =>
      solo.raft.step({
        type: "appendResponse",
        from: 2,
        to: 1,
        term: 1,
        success: false,
        index,
        hintIndex,
        hintTerm: 1,
      });
    const peer = (): unknown => {
      const { state, nextIndex } = solo.raft.status().peers[0]!;
      return [state, nextIndex];
    };
    solo.acknowledge(2, 3);
    refuse(3, 0);
    refuse(1, 0);
    expect(peer()).toEqual(["replicate", 5]);
    refuse(4, 0);
    expect(peer()).toEqual(["probe", 4]);
    refuse(4, 0);
    refuse(3, 0);
    expect(peer()).toEqual(["probe", 4]);
  });

  test("a refusal of another question than the one now open is ignored; the one that is open goes back", () => {
    const solo = new Solo(stateWithLog(votersOf(1, 2, 3), [1, 1, 1, 1]));
    solo.lead();
    solo.sync();
    const refuse = (index: number, hintIndex: number): void =>
      solo.raft.step({
        type: "appendResponse",
        from: 2,
        to: 1,
        term: 2,
        success: false,
        index,
        hintIndex,
        hintTerm: 1,
      });
    const next = (): number | undefined => solo.raft.status().peers[0]?.nextIndex;
    refuse(2, 1);
    refuse(0, 0);
    expect(next()).toBe(5);
    refuse(4, 4);
    expect(next()).toBe(4);
    refuse(3, 1);
    expect(next()).toBe(2);
  });
});
