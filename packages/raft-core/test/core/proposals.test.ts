import { describe, expect, test } from "@jest/globals";
import { SimCluster } from "./harness/sim-cluster.ts";
import { Solo } from "./harness/solo.ts";
import { bytesOf, normalEntry } from "./harness/states.ts";

describe("proposals", () => {
  test("scenario 11, dissertation 6.2: a leader that hears nothing steps down, and its proposals end as unknown", () => {
    const cluster = new SimCluster({ ids: [1, 2, 3] });
    const n1 = cluster.elect(1);
    cluster.isolate(1);
    cluster.propose(1, "a", "b");
    cluster.tick(20);
    expect(n1.raft.role).not.toBe("leader");
    expect(n1.raft.term).toBe(1);
    expect(n1.dropped).toEqual([
      { index: 2, term: 1, outcome: "unknown" },
      { index: 3, term: 1, outcome: "unknown" },
    ]);
  });

  test("a leader that still hears a quorum does not step down", () => {
    const cluster = new SimCluster({ ids: [1, 2, 3] });
    const n1 = cluster.elect(1);
    cluster.isolate(3);
    cluster.tick(100);
    expect(n1.raft.status()).toMatchObject({ role: "leader", term: 1 });
  });

  test("an overwritten proposal is unknown, Raft paper figure 8: another log may still carry it to commit", () => {
    const solo = new Solo();
    solo.lead();
    solo.raft.propose([bytesOf("a")]);
    solo.sync();
    solo.append(3, 2, [0, 0], [normalEntry(1, 2), normalEntry(2, 2)], 0);
    expect(solo.take().dropped).toEqual([{ index: 2, term: 1, outcome: "unknown" }]);
  });

  test("a proposal whose place is committed in another term is dropped, and so are all after it", () => {
    const solo = new Solo();
    solo.lead();
    solo.raft.propose(["a", "b"].map(bytesOf));
    solo.sync();
    solo.append(3, 2, [0, 0], [normalEntry(1, 2), normalEntry(2, 2)], 2);
    expect(solo.take().dropped).toEqual([
      { index: 2, term: 1, outcome: "dropped" },
      { index: 3, term: 1, outcome: "dropped" },
    ]);
  });

  test("a proposal that the next leader commits needs no word", () => {
    const solo = new Solo();
    solo.lead();
    solo.raft.propose([bytesOf("a")]);
    solo.sync();
    solo.append(3, 2, [2, 1], [normalEntry(3, 2)], 3);
    const ready = solo.take();
    expect(ready.dropped).toEqual([]);
    expect(ready.committed.map((entry) => entry.term)).toEqual([1, 1, 2]);
  });

  test("committed proposals are not reported when leadership is lost", () => {
    const solo = new Solo();
    solo.lead();
    solo.raft.propose(["a", "b"].map(bytesOf));
    solo.sync();
    solo.acknowledge(2, 1);
    solo.sync();
    solo.acknowledge(2, 2);
    solo.append(3, 2, [2, 1], []);
    expect(solo.take().dropped).toEqual([{ index: 3, term: 1, outcome: "unknown" }]);
  });

  test("beyond its limit a leader refuses; one oversized proposal is taken when nothing waits", () => {
    const solo = new Solo(undefined, { maxUncommittedBytes: 100 });
    solo.lead();
    expect(solo.raft.propose([new Uint8Array(500)])).toMatchObject({ accepted: true });
    expect(solo.raft.propose([new Uint8Array(1)])).toEqual({
      accepted: false,
      reason: "tooMuchUncommitted",
      leader: 1,
    });
    solo.sync();
    solo.acknowledge(2, 1);
    solo.sync();
    solo.acknowledge(2, 2);
    expect(solo.raft.status()).toMatchObject({ commitIndex: 2, uncommittedBytes: 0 });
    expect(solo.raft.propose([new Uint8Array(1)])).toMatchObject({ accepted: true, firstIndex: 3 });
  });

  test("a follower refuses and names the leader; an empty batch is refused", () => {
    const solo = new Solo();
    solo.append(2, 1, [0, 0], []);
    expect(solo.raft.propose([bytesOf("a")])).toEqual({ accepted: false, reason: "notLeader", leader: 2 });
    const leader = new Solo();
    leader.lead();
    expect(leader.raft.propose([])).toMatchObject({ reason: "empty" });
  });
});
