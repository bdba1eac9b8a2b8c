import { describe, expect, test } from "@jest/globals";
import { SimCluster } from "./harness/sim-cluster.ts";
import { only, Solo } from "./harness/solo.ts";
import { bytesOf, emptyState, normalEntry, stateWithLog, votersOf } from "./harness/states.ts";

describe("asynchronous storage writes", () => {
  test("scenario 4, etcd async storage writes: a late acknowledgement of an overwritten write proves nothing", () => {
    const solo = new Solo();
    solo.append(2, 1, [0, 0], [normalEntry(1, 1), normalEntry(2, 1)]);
    const older = solo.take();
    solo.append(3, 2, [0, 0], [normalEntry(1, 2), normalEntry(2, 2)]);
    const newer = solo.take();
    expect(newer.append?.entries.map((entry) => entry.term)).toEqual([2, 2]);

    solo.raft.appended(older.id);
    expect(solo.raft.status().stableIndex).toBe(0);
    solo.raft.appended(newer.id);
    expect(solo.raft.status().stableIndex).toBe(2);
  });

  test("scenario 4: not even when the entry comes back with the same term, and its author leads", () => {
    const solo = new Solo(emptyState(votersOf(1, 2, 3)));
    solo.append(2, 2, [0, 0], [normalEntry(1, 2)]);
    const first = solo.take();
    solo.append(3, 3, [0, 0], [normalEntry(1, 3)]);
    const second = solo.take();
    solo.append(2, 4, [0, 0], [normalEntry(1, 2)]);
    const third = solo.take();

    solo.raft.appended(first.id);
    expect(solo.raft.status().stableIndex).toBe(0);
    solo.raft.appended(second.id);
    expect(solo.raft.status().stableIndex).toBe(0);
    solo.raft.appended(third.id);
    expect(solo.raft.status().stableIndex).toBe(1);
  });

  test("scenario 4: a re-elected leader does not commit by its own overwritten write", () => {
    const cluster = new SimCluster({ ids: [1, 2, 3] });
    cluster.elect(1);
    cluster.autoSync = false;
    cluster.propose(1, "a", "b");
    const n1 = cluster.node(1);
    n1.raft.step({
      type: "appendRequest",
      from: 2,
      to: 1,
      term: 5,
      prevLogIndex: 1,
      prevLogTerm: 1,
      entries: [normalEntry(2, 5)],
      leaderCommit: 1,
    });
    n1.work();
    expect(n1.raft.status()).toMatchObject({ lastIndex: 2, stableIndex: 1 });
    cluster.sync(1);
    expect(n1.raft.status()).toMatchObject({ lastIndex: 2, stableIndex: 1 });
    cluster.sync(1);
    expect(n1.raft.status()).toMatchObject({ lastIndex: 2, stableIndex: 2 });
  });

  test("votes and acknowledgements wait for the disk; appends and heartbeats do not", () => {
    const solo = new Solo();
    solo.raft.step({
      type: "voteRequest",
      from: 2,
      to: 1,
      term: 1,
      lastLogIndex: 0,
      lastLogTerm: 0,
      transfer: false,
    });
    const vote = solo.take();
    expect(vote.append?.hardState).toEqual({ term: 1, votedFor: 2 });
    expect(vote.messages).toEqual([]);
    expect(only(vote.messagesAfterAppend, "voteResponse")).toHaveLength(1);
    solo.append(2, 1, [0, 0], [normalEntry(1, 1)]);
    const append = solo.take();
    expect(append.messages).toEqual([]);
    expect(only(append.messagesAfterAppend, "appendResponse")).toHaveLength(1);
  });

  test("a candidate asks for votes only when its own is durable", () => {
    const solo = new Solo();
    solo.raft.campaign();
    solo.raft.step({ type: "preVoteResponse", from: 2, to: 1, term: 1, granted: true });
    const ready = solo.take();
    expect(ready.append?.hardState).toEqual({ term: 1, votedFor: 1 });
    expect(only(ready.messages, "voteRequest")).toEqual([]);
    expect(only(ready.messagesAfterAppend, "voteRequest")).toHaveLength(2);
  });

  test("a repeated append is acknowledged only when the first one is durable", () => {
    const solo = new Solo(stateWithLog(votersOf(1, 2, 3), [], { term: 1 }));
    solo.append(2, 1, [0, 0], [normalEntry(1, 1)]);
    const first = solo.take();
    solo.append(2, 1, [0, 0], [normalEntry(1, 1)]);
    const second = solo.take();
    expect(second.append).toBeUndefined();
    expect(second.messages).toEqual([]);
    expect(second.messagesAfterAppend).toHaveLength(1);
    expect(second.id).toBe(first.id);
    solo.raft.appended(first.id);
    solo.append(2, 1, [0, 0], [normalEntry(1, 1)]);
    expect(solo.take().messages).toHaveLength(1);
  });

  test("appends taken together are acknowledged together", () => {
    const solo = new Solo();
    solo.append(2, 1, [0, 0], [normalEntry(1, 1)]);
    solo.append(2, 1, [1, 1], [normalEntry(2, 1)]);
    const { append, messagesAfterAppend } = solo.take();
    expect(append?.entries).toHaveLength(2);
    expect(only(messagesAfterAppend, "appendResponse").map((message) => message.index)).toEqual([2]);
  });

  test("what was proposed between two readies is one batch", () => {
    const solo = new Solo();
    solo.lead();
    solo.sync();
    for (const text of ["a", "b", "c"]) solo.raft.propose([bytesOf(text)]);
    expect(solo.take().append?.entries).toHaveLength(3);
  });

  test("batches are numbered without a gap", () => {
    const solo = new Solo();
    solo.append(2, 1, [0, 0], [normalEntry(1, 1)]);
    const first = solo.take();
    solo.raft.tick();
    solo.append(2, 1, [1, 1], []);
    solo.take();
    solo.append(2, 1, [1, 1], [normalEntry(2, 1)]);
    expect([first.append?.id, solo.take().append?.id]).toEqual([1, 2]);
  });

  test("acknowledging a write that was never given is a fault of the caller", () => {
    expect(() => new Solo().raft.appended(1)).toThrow("acknowledged");
  });
});
