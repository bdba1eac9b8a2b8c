import { describe, expect, test } from "@jest/globals";
import { SimCluster } from "./harness/sim-cluster.ts";
import { only, Solo } from "./harness/solo.ts";
import { stateWithLog, votersOf } from "./harness/states.ts";

const THREE = votersOf(1, 2, 3);

describe("elections", () => {
  test("a cluster elects one leader, and its noop is applied everywhere", () => {
    const cluster = new SimCluster({ ids: [1, 2, 3] });
    cluster.tick(40);
    expect(cluster.up.filter((node) => node.raft.role === "leader")).toHaveLength(1);
    for (const node of cluster.up) {
      expect(node.applied.map((entry) => entry.type)).toEqual(["noop"]);
      expect(node.raft.leader).toBe(cluster.leader?.id);
    }
  });

  test("scenario 8, dissertation 9.6: a lagging node that times out changes no term", () => {
    const cluster = new SimCluster({ ids: [1, 2, 3] });
    cluster.elect(1);
    cluster.isolate(3);
    cluster.propose(1, "a");
    cluster.tick(100);
    cluster.heal();
    const terms = cluster.up.map((node) => node.raft.term);
    cluster.campaign(3);
    cluster.tick(20);
    expect(terms).toEqual([1, 1, 1]);
    expect(cluster.up.map((node) => node.raft.term)).toEqual([1, 1, 1]);
    expect(cluster.leader?.id).toBe(1);
    expect(cluster.node(3).applied).toHaveLength(2);
  });

  test("scenario 8, dissertation 4.2.3: an up-to-date node wins only after an election timeout without the leader", () => {
    const cluster = new SimCluster({ ids: [1, 2, 3] });
    cluster.elect(1);
    cluster.crash(1);
    cluster.campaign(2);
    cluster.settle();
    expect(cluster.node(2).raft.role).toBe("preCandidate");
    for (let i = 0; i < 9; i += 1) cluster.act(3, (node) => node.raft.tick());
    cluster.campaign(2);
    cluster.settle();
    expect(cluster.node(2).raft.role).toBe("preCandidate");
    cluster.act(3, (node) => node.raft.tick());
    cluster.elect(2);
    expect(cluster.node(2).raft.term).toBe(2);
  });

  test.each([
    { first: 2, others: 5 },
    { first: 5, others: 2 },
  ])(
    "scenario 9, etcd issue 8243: nodes of different terms that need each other elect a leader %o",
    ({ first, others }) => {
      // n3 is down; only n1 has the complete log, so n1 must win whatever the terms are.
      const cluster = new SimCluster({
        ids: [1, 2, 3],
        disks: {
          1: stateWithLog(THREE, [1, 2], { term: first }),
          2: stateWithLog(THREE, [1], { term: others }),
        },
      });
      cluster.crash(3);
      cluster.tick(100);
      expect(cluster.leader?.id).toBe(1);
      expect(cluster.node(2).applied).toHaveLength(3);
    },
  );

  test("scenario 9: a leader learns of a higher term from the node it needs, and leads in a higher one", () => {
    const cluster = new SimCluster({ ids: [1, 2, 3], disks: { 3: stateWithLog(THREE, [], { term: 9 }) } });
    cluster.isolate(3);
    cluster.elect(1);
    cluster.heal();
    cluster.isolate(2);
    cluster.tick(80);
    expect(cluster.leader?.id).toBe(1);
    expect(cluster.leader?.raft.term).toBeGreaterThan(9);
    expect(cluster.node(3).applied.length).toBeGreaterThan(0);
  });

  test("scenario 10, partial partition: leader and term are stable though two nodes do not hear the leader", () => {
    const cluster = new SimCluster({ ids: [1, 2, 3, 4, 5] });
    const links = new Set(["1-2", "2-3", "1-3", "2-4", "3-5"]);
    for (const a of [1, 2, 3, 4, 5])
      for (const b of [1, 2, 3, 4, 5]) {
        if (a < b && !links.has(`${a}-${b}`)) cluster.connect(a, b, false);
      }
    cluster.elect(1);
    cluster.tick(20 * 20);
    expect(cluster.leader?.id).toBe(1);
    expect(cluster.up.slice(0, 3).map((node) => node.raft.term)).toEqual([1, 1, 1]);
  });

  test("scenario 15: a node that does not know that it votes still votes", () => {
    const solo = new Solo(stateWithLog({ voters: [2, 3], votersOutgoing: [], learners: [1] }, [1]));
    solo.raft.step({
      type: "voteRequest",
      from: 2,
      to: 1,
      term: 2,
      lastLogIndex: 1,
      lastLogTerm: 1,
      transfer: false,
    });
    expect(only(solo.take().messagesAfterAppend, "voteResponse")).toMatchObject([{ granted: true }]);
    for (let i = 0; i < 100; i += 1) solo.raft.tick();
    expect(solo.raft.role).toBe("follower");
  });

  test("a follower that hears its leader ignores candidates of any term, unless the leader sent them", () => {
    const solo = new Solo();
    solo.append(2, 1, [0, 0], []);
    solo.sync();
    const request = {
      type: "voteRequest",
      from: 3,
      to: 1,
      term: 9,
      lastLogIndex: 9,
      lastLogTerm: 9,
    } as const;
    solo.raft.step({ ...request, transfer: false });
    expect(solo.raft.term).toBe(1);
    solo.raft.step({ ...request, transfer: true });
    expect(solo.raft.status()).toMatchObject({ term: 9, votedFor: 3 });
  });

  test("a vote goes to the first who asks, and only to a log as complete, Raft paper 5.4.1", () => {
    const ask = (solo: Solo, from: number, lastLogIndex: number, lastLogTerm: number): boolean => {
      solo.raft.step({
        type: "voteRequest",
        from,
        to: 1,
        term: 4,
        lastLogIndex,
        lastLogTerm,
        transfer: false,
      });
      return only(solo.sync(), "voteResponse")[0]!.granted;
    };
    const fresh = (): Solo => new Solo(stateWithLog(THREE, [1, 3, 3]));
    expect(ask(fresh(), 2, 2, 3)).toBe(false);
    expect(ask(fresh(), 2, 9, 2)).toBe(false);
    expect(ask(fresh(), 2, 3, 3)).toBe(true);
    expect(ask(fresh(), 2, 1, 4)).toBe(true);
    const solo = fresh();
    expect([ask(solo, 2, 3, 3), ask(solo, 3, 3, 3), ask(solo, 2, 3, 3)]).toEqual([true, false, true]);
  });

  test("a pre-vote changes neither term nor vote", () => {
    const solo = new Solo(stateWithLog(THREE, [1]));
    solo.raft.step({ type: "preVoteRequest", from: 2, to: 1, term: 7, lastLogIndex: 1, lastLogTerm: 1 });
    const ready = solo.take();
    expect(ready.append).toBeUndefined();
    expect(only(ready.messages, "preVoteResponse")).toMatchObject([{ granted: true, term: 7 }]);
    expect(solo.raft.status()).toMatchObject({ term: 1, votedFor: 0 });
  });

  test("timeouts are drawn from the whole range", () => {
    const seen = new Set<number>();
    for (let seed = 1; seed <= 200; seed += 1) {
      const cluster = new SimCluster({ ids: [1, 2], seed });
      let ticks = 0;
      for (; cluster.node(1).raft.role === "follower"; ticks += 1) cluster.node(1).raft.tick();
      seen.add(ticks);
    }
    expect([...seen].sort((a, b) => a - b)).toEqual([10, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
  });

  test("an answer to another pre-vote elects nobody", () => {
    const solo = new Solo(stateWithLog(THREE, [1], { term: 5 }));
    solo.raft.campaign();
    solo.raft.step({ type: "preVoteResponse", from: 2, to: 1, term: 9, granted: true });
    expect(solo.raft.status()).toMatchObject({ role: "preCandidate", term: 5 });
    solo.raft.step({ type: "preVoteResponse", from: 2, to: 1, term: 6, granted: true });
    expect(solo.raft.status()).toMatchObject({ role: "candidate", term: 6 });
  });

  test("a vote given stands, whatever the voter answered to an older question", () => {
    const solo = new Solo(stateWithLog(votersOf(1, 2, 3, 4, 5), [1]));
    const answer = (from: number, granted: boolean): void =>
      solo.raft.step({ type: "voteResponse", from, to: 1, term: 2, granted });
    solo.raft.campaign();
    for (const from of [2, 3])
      solo.raft.step({ type: "preVoteResponse", from, to: 1, term: 2, granted: true });
    solo.sync();
    answer(2, true);
    answer(2, false);
    answer(3, true);
    expect(solo.raft.role).toBe("leader");
  });

  test("a pre-candidate that gives its vote in the same term stands back", () => {
    const solo = new Solo(stateWithLog(THREE, [1]));
    solo.raft.campaign();
    solo.raft.step({
      type: "voteRequest",
      from: 2,
      to: 1,
      term: 1,
      lastLogIndex: 1,
      lastLogTerm: 1,
      transfer: false,
    });
    solo.raft.step({ type: "preVoteResponse", from: 3, to: 1, term: 2, granted: true });
    expect(solo.raft.status()).toMatchObject({ role: "follower", term: 1, votedFor: 2 });
  });

  test("a leader that steps down waits a full election timeout before it campaigns", () => {
    const solo = new Solo(undefined, { electionTicksMax: 11 });
    solo.raft.campaign();
    solo.raft.step({ type: "preVoteResponse", from: 2, to: 1, term: 1, granted: true });
    solo.sync();
    for (let i = 0; i < 9; i += 1) solo.raft.tick();
    solo.raft.step({ type: "voteResponse", from: 2, to: 1, term: 1, granted: true });
    expect(solo.raft.role).toBe("leader");
    for (let i = 0; i < 10; i += 1) solo.raft.tick();
    expect(solo.raft.role).toBe("follower");
    for (let i = 0; i < 9; i += 1) solo.raft.tick();
    expect(solo.raft.role).toBe("follower");
  });

  test("a vote that is refused does not keep a better candidate waiting", () => {
    const solo = new Solo(stateWithLog(THREE, [1, 1]));
    for (let ticks = 0; ticks < 9; ticks += 1) solo.raft.tick();
    solo.raft.step({
      type: "voteRequest",
      from: 3,
      to: 1,
      term: 7,
      lastLogIndex: 1,
      lastLogTerm: 1,
      transfer: false,
    });
    for (let ticks = 0; ticks < 11; ticks += 1) solo.raft.tick();
    expect(solo.raft.status()).toMatchObject({ role: "preCandidate", term: 7 });
  });
});
