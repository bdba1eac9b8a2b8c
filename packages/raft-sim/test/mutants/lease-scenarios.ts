/** A voter that has just answered its leader, and what may make it forget that. */
import assert from "node:assert/strict";
import type { Engine, EngineFactory } from "../../src/index.ts";
import { nodeWith, settle } from "./scenarios.ts";

const LEASE = { lease: { now: () => 0, duration: 100 } };

function hearLeader(raft: Engine): void {
  raft.step({ type: "heartbeatRequest", from: 2, to: 1, term: 1, leaderCommit: 0, readContext: 1 });
}

/** Whether node 3 gets a vote in term 2. */
function votes(raft: Engine): boolean {
  const log = { lastLogIndex: 9, lastLogTerm: 1 };
  raft.step({ type: "voteRequest", from: 3, to: 1, term: 2, ...log, transfer: false });
  return settle(raft).sent.some((message) => message.includes('"granted":true'));
}

/** A late answer raises the term; the leader that was answered in the term before may still read under its lease. */
export function keepsPromiseInNextTerm(engine: EngineFactory): void {
  const raft = nodeWith(engine, [], LEASE);
  hearLeader(raft);
  settle(raft);
  raft.step({ type: "preVoteResponse", from: 3, to: 1, term: 2, granted: false });
  settle(raft);
  assert.equal(raft.term, 2, "the script does not get as far as the next term");
  assert.ok(!votes(raft), "votes for another within the lease of its leader");
}

/** A voter that has been in a term before may have promised just before it went down. */
export function keepsPromiseThroughRestart(engine: EngineFactory): void {
  assert.ok(!votes(nodeWith(engine, [1], LEASE)), "votes for another within the lease of its leader");
}

/** Power fails before the very first term is durable: whoever starts with an empty disk has promised nothing. */
export function keepsPromiseOfFirstTerm(engine: EngineFactory): void {
  const raft = nodeWith(engine, [], LEASE);
  hearLeader(raft);
  const { messages = [] } = raft.ready() ?? {};
  const isPromised = messages.some(({ type }) => type === "heartbeatResponse");
  const restarted = nodeWith(engine, [], LEASE);
  assert.ok(!isPromised || !votes(restarted), "votes for another within the lease of its leader");
}
