import { describe, expect, test } from "@jest/globals";
import { Raft } from "../../src/core/raft.ts";
import type { AppendResponse, Entry, PersistedState, SnapshotRequest } from "../../src/types.ts";
import { seededRandom } from "./harness/seeded-random.ts";
import { only, Solo } from "./harness/solo.ts";
import { logOf, normalEntry, snapshotAt, stateWithLog, votersOf } from "./harness/states.ts";

const THREE = votersOf(1, 2, 3);
const HEAD = { from: 2, to: 1, term: 3 } as const;

/** A log from 11 to 15, of term 2, in term 3, whose first ten entries are compacted. */
function compactedLog(): PersistedState {
  return {
    hardState: { term: 3, votedFor: 0 },
    snapshot: snapshotAt(10, 1, THREE),
    entries: logOf([2, 2, 2, 2, 2], 11),
  };
}

/** Node 1 with that log and an empty state. */
function withoutState(): Solo {
  return new Solo(compactedLog(), { appliedIndex: 0, waitForState: true });
}

function offer(index: number, snapshotTerm: number): SnapshotRequest {
  return { ...HEAD, type: "snapshotRequest", snapshot: snapshotAt(index, snapshotTerm, THREE) };
}

function install(solo: Solo, index: number, snapshotTerm: number): void {
  expect(solo.raft.receiveSnapshot(offer(index, snapshotTerm))).toMatchObject({ install: true });
  solo.raft.snapshotInstalled(offer(index, snapshotTerm).snapshot);
}

function heartbeat(leaderCommit: number) {
  return { ...HEAD, type: "heartbeatRequest", leaderCommit, readContext: 7 } as const;
}

describe("a node whose state ends before its log begins (G17)", () => {
  test("is refused unless it is told to wait", () => {
    const start = () => new Raft({ id: 1, appliedIndex: 0 }, compactedLog(), seededRandom(1));
    expect(start).toThrow(expect.objectContaining({ code: "RAFT_STATE_INVALID" }));
  });

  test("takes no append, but says that it needs a snapshot, and from where on", () => {
    const solo = withoutState();
    expect(solo.raft.status()).toMatchObject({ needsSnapshot: true, appliedIndex: 0, commitIndex: 10 });
    solo.append(2, 3, [15, 2], [normalEntry(16, 3)], 16);
    const answer = { success: false, needsSnapshot: true, hintIndex: 10, hintTerm: 1 };
    expect(only(solo.sync(), "appendResponse")).toMatchObject([{ to: 2, term: 3, index: 15, ...answer }]);
    expect(solo.raft.status()).toMatchObject({ lastIndex: 15, commitIndex: 10, leader: 2 });
  });

  test("says so on heartbeats, too: an idle leader sends no appends to a log that is whole", () => {
    const solo = withoutState();
    solo.raft.step(heartbeat(15));
    const sent = solo.sync();
    expect(only(sent, "appendResponse")).toMatchObject([{ success: false, needsSnapshot: true }]);
    expect(only(sent, "heartbeatResponse")).toMatchObject([{ readContext: 7 }]);
    expect(solo.raft.commitIndex).toBe(10);
  });

  test("hands out nothing as committed, whatever the leader says", () => {
    const solo = withoutState();
    solo.append(2, 3, [15, 2], [], 15);
    solo.raft.step(heartbeat(15));
    expect(solo.take().committed).toEqual([]);
  });

  test("never campaigns, not when told to either", () => {
    const solo = withoutState();
    for (let i = 0; i < 100; i += 1) solo.raft.tick();
    solo.raft.step({ ...HEAD, type: "timeoutNow" });
    solo.raft.campaign();
    expect(solo.sync()).toEqual([]);
    expect(solo.raft.status()).toMatchObject({ role: "follower", term: 3 });
  });

  test("hears its leader: an append keeps other candidates away as ever", () => {
    const solo = withoutState();
    solo.append(2, 3, [15, 2], []);
    solo.sync();
    solo.raft.step({
      ...HEAD,
      type: "voteRequest",
      from: 3,
      term: 4,
      lastLogIndex: 99,
      lastLogTerm: 3,
      transfer: false,
    });
    expect(solo.sync()).toEqual([]);
    expect(solo.raft.term).toBe(3);
  });

  test.each([
    ["gives its vote to a log as complete as its own", 15, true],
    ["refuses its vote to a log that lacks what it acknowledged", 14, false],
  ])("%s", (_claim, lastLogIndex, granted) => {
    const solo = withoutState();
    const ask = { ...HEAD, term: 4, lastLogIndex, lastLogTerm: 2 };
    solo.raft.step({ ...ask, type: "preVoteRequest" });
    expect(only(solo.sync(), "preVoteResponse")).toMatchObject([{ granted }]);
    solo.raft.step({ ...ask, type: "voteRequest", transfer: false });
    expect(only(solo.sync(), "voteResponse")).toMatchObject([{ granted }]);
    expect(solo.raft.status().votedFor).toBe(granted ? 2 : 0);
  });

  test("compacts nothing", () => {
    expect(withoutState().raft.compact(snapshotAt(12, 2, THREE))).toBe(false);
  });
});

describe("a snapshot for a lost state", () => {
  test("is installed although the log covers it, and the acknowledged tail is kept", () => {
    const solo = withoutState();
    expect(solo.raft.receiveSnapshot(offer(12, 2))).toEqual({ install: true, keepsLog: true });
    solo.append(2, 3, [15, 2], [normalEntry(16, 3)], 16);
    expect(solo.sync()).toEqual([]);
    solo.raft.snapshotInstalled(offer(12, 2).snapshot);
    expect(solo.raft.status()).toMatchObject({
      needsSnapshot: false,
      ...{ firstIndex: 13, lastIndex: 15, stableIndex: 15, commitIndex: 12, appliedIndex: 12 },
    });
  });

  test("acknowledges no more of that tail than the leader has verified", () => {
    const solo = withoutState();
    install(solo, 12, 2);
    expect(only(solo.sync(), "appendResponse")).toMatchObject([{ success: true, index: 12 }]);
    solo.append(2, 3, [14, 2], [], 15);
    const ready = solo.take();
    expect(ready.committed.map(({ index }) => index)).toEqual([13, 14]);
    expect(only(ready.messages, "appendResponse")).toMatchObject([{ success: true, index: 14 }]);
  });

  test("at the very point where the log begins keeps all of it", () => {
    const solo = withoutState();
    install(solo, 10, 1);
    expect(solo.raft.status()).toMatchObject({
      firstIndex: 11,
      lastIndex: 15,
      commitIndex: 10,
      needsSnapshot: false,
    });
    solo.append(2, 3, [15, 2], [normalEntry(16, 3)], 16);
    expect(solo.take().committed.map(({ index }) => index)).toEqual([11, 12, 13, 14, 15, 16]);
  });

  test.each([
    ["conflicts with", 13, 3],
    ["lies beyond", 20, 3],
  ])("that %s the log resets it", (_how, index, snapshotTerm) => {
    const solo = withoutState();
    expect(solo.raft.receiveSnapshot(offer(index, snapshotTerm))).toEqual({ install: true, keepsLog: false });
    solo.raft.snapshotInstalled(offer(index, snapshotTerm).snapshot);
    expect(solo.raft.status()).toMatchObject({
      firstIndex: index + 1,
      lastIndex: index,
      stableIndex: index,
      commitIndex: index,
    });
    expect(solo.raft.status().needsSnapshot).toBe(false);
  });

  test("that ends before the log begins would lose what lies between, and is refused", () => {
    const solo = withoutState();
    expect(solo.raft.receiveSnapshot(offer(9, 1))).toEqual({ install: false, reason: "tooOld" });
    expect(solo.raft.status()).toMatchObject({ needsSnapshot: true, installingSnapshot: false });
  });

  test("that failed leaves the node waiting for another", () => {
    const solo = withoutState();
    solo.raft.receiveSnapshot(offer(12, 2));
    solo.raft.snapshotFailed();
    solo.append(2, 3, [15, 2], []);
    expect(only(solo.sync(), "appendResponse")).toMatchObject([{ needsSnapshot: true }]);
    install(solo, 12, 2);
  });

  test("makes an ordinary follower, which campaigns and wins with what it kept", () => {
    const solo = withoutState();
    install(solo, 12, 2);
    solo.sync();
    solo.lead();
    expect(solo.raft.status()).toMatchObject({ role: "leader", term: 4, lastIndex: 16 });
  });
});

describe("the leader of a peer whose state is lost", () => {
  function leader(): Solo {
    const solo = new Solo(stateWithLog(THREE, [1, 1, 1]), { appliedIndex: 1 });
    solo.lead();
    solo.sync();
    return solo;
  }

  function loss(overrides: Partial<AppendResponse> = {}): AppendResponse {
    const answer = { success: false, index: 3, hintIndex: 1, hintTerm: 1, needsSnapshot: true } as const;
    return { type: "appendResponse", from: 3, to: 1, term: 2, ...answer, ...overrides };
  }

  const peer = (solo: Solo): unknown => solo.raft.status().peers[1];

  test("sends a snapshot at once, whatever its own log still holds, and one at a time", () => {
    const solo = leader();
    expect(solo.raft.status().firstIndex).toBe(1);
    solo.raft.step(loss());
    solo.raft.step(loss());
    solo.raft.step(loss({ index: 0 }));
    const ready = solo.take();
    expect(ready.snapshotRequests).toEqual([{ to: 3, term: 2 }]);
    expect(only(ready.messages, "appendRequest").filter(({ to }) => to === 3)).toEqual([]);
    expect(peer(solo)).toMatchObject({ state: "snapshot" });
  });

  test("does so for a peer whose whole log it had matched in this term", () => {
    const solo = leader();
    solo.acknowledge(3, 4);
    solo.sync();
    expect(peer(solo)).toMatchObject({ state: "replicate", matchIndex: 4 });
    solo.raft.step(loss({ index: 4 }));
    expect(solo.take().snapshotRequests).toEqual([{ to: 3, term: 2 }]);
    expect(peer(solo)).toMatchObject({ state: "snapshot", matchIndex: 4 });
  });

  test("is not led astray by an acknowledgement from before the loss", () => {
    const solo = leader();
    solo.raft.step(loss());
    solo.take();
    solo.acknowledge(3, 3);
    expect(peer(solo)).toMatchObject({ state: "snapshot", matchIndex: 3 });
    solo.raft.step(loss());
    expect(solo.take().snapshotRequests).toEqual([]);
  });

  test("goes on by appends once the snapshot has arrived", () => {
    const solo = leader();
    solo.raft.step(loss());
    solo.take();
    solo.raft.snapshotSent(3, snapshotAt(2, 1, THREE));
    solo.acknowledge(3, 2);
    const requests = only(solo.take().messages, "appendRequest").filter(({ to }) => to === 3);
    expect(requests).toMatchObject([{ prevLogIndex: 2 }]);
    expect(requests[0]?.entries.map(({ index }) => index)).toEqual([3, 4]);
  });

  test("tries a failed one again when the peer asks again, no sooner", () => {
    const solo = leader();
    solo.raft.step(loss());
    solo.take();
    solo.raft.snapshotSent(3, undefined);
    expect(solo.take().snapshotRequests).toEqual([]);
    solo.raft.step(loss());
    expect(solo.take().snapshotRequests).toEqual([{ to: 3, term: 2 }]);
  });

  test("learns from it how far all is committed, so that two of three do not wait for each other", () => {
    const solo = leader();
    expect(solo.raft.commitIndex).toBe(1);
    solo.raft.step(loss({ hintIndex: 3, hintTerm: 1 }));
    expect(solo.raft.commitIndex).toBe(3);
    expect(solo.take().committed.map(({ index }: Entry) => index)).toEqual([2, 3]);
  });

  test("believes no such claim about an entry that it does not hold", () => {
    const solo = leader();
    solo.raft.step(loss({ hintIndex: 3, hintTerm: 2 }));
    solo.raft.step(loss({ hintIndex: 99, hintTerm: 1 }));
    expect(solo.raft.commitIndex).toBe(1);
  });
});
