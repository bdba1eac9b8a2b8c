import { describe, expect, test } from "@jest/globals";
import { Raft, RaftConfigError } from "../../src/core/raft.ts";
import type { PersistedState } from "../../src/types.ts";
import { only, Solo } from "./harness/solo.ts";
import { emptyState, votersOf } from "./harness/states.ts";

const ELECTION_TICKS = 10;
const HEARTBEAT_TICKS = 2;
const DURATION = 80;

/** A node of a cluster with leases, and the hand on its clock. */
class Leased {
  now = 1_000;
  #reads = 100;
  readonly solo: Solo;

  constructor(persisted: PersistedState = emptyState(votersOf(1, 2, 3))) {
    this.solo = new Solo(persisted, { lease: { now: () => this.now, duration: DURATION } });
  }

  /** Leads term 1 with its noop committed; nobody has answered a heartbeat yet. */
  lead(): void {
    this.solo.lead();
    this.solo.sync();
    this.solo.acknowledge(2, 1);
    this.solo.sync();
  }

  /** The number of the next heartbeat. */
  beat(): number {
    for (let i = 0; i < HEARTBEAT_TICKS; i += 1) this.solo.raft.tick();
    return only(this.solo.sync(), "heartbeatRequest")[0]!.readContext;
  }

  answer(from: number, readContext: number): void {
    this.solo.raft.step({ type: "heartbeatResponse", from, to: 1, term: this.solo.raft.term, readContext });
  }

  renew(): void {
    this.answer(2, this.beat());
  }

  /** Whether a read is answered without a question to anyone. */
  readsAlone(): boolean {
    const context = (this.#reads += 1);
    this.solo.raft.readIndex(context);
    const ready = this.solo.take();
    const isAnswered = ready.readStates.some((read) => read.context === context);
    expect(only(ready.messages, "heartbeatRequest").length > 0).toBe(!isAnswered);
    return isAnswered;
  }
}

/** A follower that has just answered the leader of term 1. */
function promised(): Leased {
  const node = new Leased();
  const { raft } = node.solo;
  raft.step({ type: "heartbeatRequest", from: 2, to: 1, term: 1, leaderCommit: 0, readContext: 1 });
  node.solo.sync();
  return node;
}

/** Whether node 3 gets the vote of this node in `term`. */
function votes({ solo }: Leased, term: number, transfer: boolean = false): boolean {
  solo.raft.step({ type: "voteRequest", from: 3, to: 1, term, lastLogIndex: 9, lastLogTerm: 1, transfer });
  return only(solo.sync(), "voteResponse").some((response) => response.granted);
}

describe("a leader with a lease", () => {
  test("answers reads by itself once a quorum has answered a heartbeat", () => {
    const node = new Leased();
    node.lead();
    expect(node.readsAlone()).toBe(false);
    node.renew();
    expect(node.readsAlone()).toBe(true);
    expect(node.solo.raft.status().holdsLease).toBe(true);
  });

  test("counts from when it asked, not from when it was answered", () => {
    const node = new Leased();
    node.lead();
    const round = node.beat();
    node.now += DURATION - 1;
    node.answer(2, round);
    expect(node.readsAlone()).toBe(true);
    node.now += 1;
    expect(node.readsAlone()).toBe(false);
  });

  test("asks again after the lease has run out, and that read renews it", () => {
    const node = new Leased();
    node.lead();
    node.renew();
    node.now += DURATION;
    node.solo.raft.readIndex(7);
    const [question] = only(node.solo.sync(), "heartbeatRequest");
    node.answer(3, question!.readContext);
    expect(node.solo.take().readStates).toEqual([{ context: 7, index: 1 }]);
    expect(node.readsAlone()).toBe(true);
  });

  test("a late answer to an older heartbeat renews nothing that the newer one did not", () => {
    const node = new Leased();
    node.lead();
    const old = node.beat();
    node.now += DURATION;
    node.answer(2, old);
    expect(node.readsAlone()).toBe(false);
  });

  test("the first commit of its term comes before the first read", () => {
    const node = new Leased();
    node.solo.lead();
    node.solo.sync();
    node.renew();
    node.solo.raft.readIndex(7);
    expect(node.solo.take().readStates).toEqual([]);
  });

  test("has none from the moment it tells another to campaign, also after that transfer failed", () => {
    const node = new Leased();
    node.lead();
    node.renew();
    node.solo.raft.transferLeadership(2);
    expect(only(node.solo.sync(), "timeoutNow")).toHaveLength(1);
    expect(node.readsAlone()).toBe(false);
    for (let i = 0; i < ELECTION_TICKS; i += HEARTBEAT_TICKS) node.renew();
    expect(node.solo.raft.status().transferringTo).toBe(0);
    expect(node.readsAlone()).toBe(false);
  });

  test("a leader that votes alone needs nobody", () => {
    const node = new Leased(emptyState(votersOf(1)));
    node.solo.raft.campaign();
    node.solo.sync();
    node.solo.sync();
    node.solo.raft.readIndex(1);
    expect(node.solo.take().readStates).toEqual([{ context: 1, index: 1 }]);
  });

  test("that votes alone has it by itself, and keeps no questions that nobody will answer", () => {
    const node = new Leased(emptyState(votersOf(1)));
    node.solo.raft.campaign();
    node.solo.sync();
    node.solo.sync();
    for (let i = 0; i < HEARTBEAT_TICKS; i += 1) node.solo.raft.tick();
    expect(node.solo.raft.status().holdsLease).toBe(true);
  });

  test("a follower's read is answered under it, too", () => {
    const node = new Leased();
    node.lead();
    node.renew();
    node.solo.raft.step({ type: "readIndexRequest", from: 3, to: 1, term: 1, context: 5 });
    expect(only(node.solo.sync(), "readIndexResponse")).toMatchObject([{ to: 3, context: 5, index: 1 }]);
  });
});

describe("a voter that has promised a lease", () => {
  test("votes for nobody for an election timeout", () => {
    const node = promised();
    for (let i = 1; i < ELECTION_TICKS; i += 1) node.solo.raft.tick();
    expect(votes(node, 2)).toBe(false);
    node.solo.raft.tick();
    expect(votes(node, 2)).toBe(true);
  });

  test("keeps the promise when others raise its term", () => {
    const node = promised();
    node.solo.raft.step({ type: "preVoteResponse", from: 2, to: 1, term: 2, granted: false });
    node.solo.sync();
    expect(node.solo.raft).toMatchObject({ term: 2, leader: 0 });
    expect(votes(node, 2)).toBe(false);
    for (let i = 0; i < ELECTION_TICKS; i += 1) node.solo.raft.tick();
    expect(votes(node, 2)).toBe(true);
  });

  test("keeps a promise that it may have given before a restart", () => {
    const empty = emptyState(votersOf(1, 2, 3));
    const node = new Leased({ ...empty, hardState: { term: 1, votedFor: 2 } });
    expect(votes(node, 2)).toBe(false);
    for (let i = 0; i < ELECTION_TICKS; i += 1) node.solo.raft.tick();
    expect(votes(node, 3)).toBe(true);
  });

  test("promises nothing before its first term is durable: a restart knows by it that there may be a promise", () => {
    const node = new Leased();
    const { raft } = node.solo;
    raft.step({ type: "heartbeatRequest", from: 2, to: 1, term: 1, leaderCommit: 0, readContext: 1 });
    const ready = node.solo.take();
    expect(only(ready.messages, "heartbeatResponse")).toEqual([]);
    expect(only(ready.messagesAfterAppend, "heartbeatResponse")).toMatchObject([{ to: 2, readContext: 1 }]);
    raft.appended(ready.id);
    raft.step({ type: "heartbeatRequest", from: 2, to: 1, term: 1, leaderCommit: 0, readContext: 2 });
    expect(only(node.solo.take().messages, "heartbeatResponse")).toHaveLength(1);
  });

  test("a node that never was in a term has promised nothing", () => {
    expect(votes(new Leased(), 1)).toBe(true);
  });

  test("does not vote for itself either, when it is made to campaign", () => {
    const { raft } = promised().solo;
    raft.campaign();
    expect(raft).toMatchObject({ role: "follower", term: 1 });
    for (let i = 0; i < ELECTION_TICKS; i += 1) raft.tick();
    raft.campaign();
    expect(raft.role).toBe("preCandidate");
  });

  test("waits after a restart, also when by now it votes alone: the leader that had it left alone may still have the lease", () => {
    const restarted = { ...emptyState(votersOf(1)), hardState: { term: 1, votedFor: 2 } };
    const { raft } = new Leased(restarted).solo;
    raft.campaign();
    expect(raft).toMatchObject({ role: "follower", term: 1 });
    for (let i = 0; i < ELECTION_TICKS; i += 1) raft.tick();
    raft.campaign();
    expect(raft.role).toBe("candidate");
  });

  test("votes at once for whom its leader told to campaign", () => {
    expect(votes(promised(), 2, true)).toBe(true);
  });
});

test("a lease without check-quorum, or without a length, is refused", () => {
  const start = (config: object): Raft => new Raft({ id: 1, ...config }, emptyState(votersOf(1)), () => 0.5);
  const lease = { now: () => 0, duration: DURATION };
  expect(() => start({ lease, checkQuorum: false })).toThrow(RaftConfigError);
  expect(() => start({ lease: { ...lease, duration: 0 } })).toThrow("duration is 0");
});
