/** What clusters of this engine bring about rarely or never: one core, and a script in the place of the others. */
import assert from "node:assert/strict";
import type { Entry, PersistedState, RaftConfig } from "@coxswain/raft-core";
import type { Engine, EngineFactory } from "../../src/index.ts";

const THREE = { voters: [1, 2, 3], votersOutgoing: [], learners: [] };

function logOf(terms: readonly number[], from: number = 1): Entry[] {
  return terms.map((term, at) => ({ index: from + at, term, type: "normal", data: new Uint8Array([at]) }));
}

/** Node 1 of three, whose log has entries of these terms. */
export function nodeWith(
  engine: EngineFactory,
  terms: readonly number[],
  config: Omit<RaftConfig, "id"> = {},
): Engine {
  const term = terms[terms.length - 1] ?? 0;
  const snapshot = { index: 0, term: 0, configuration: THREE, featureLevel: 0 };
  const persisted: PersistedState = { hardState: { term, votedFor: 0 }, snapshot, entries: logOf(terms) };
  return engine({ id: 1, ...config }, persisted, () => 0.5);
}

/** Takes all that is to be done and syncs it; returns what was sent, and the reads confirmed. */
export function settle(raft: Engine): { sent: string[]; reads: number[] } {
  const sent: string[] = [];
  const reads: number[] = [];
  for (let ready = raft.ready(); ready !== undefined; ready = raft.ready()) {
    if (ready.append !== undefined) raft.appended(ready.id);
    const last = ready.committed[ready.committed.length - 1];
    if (last !== undefined) raft.applied(last.index);
    for (const message of [...ready.messages, ...ready.messagesAfterAppend])
      sent.push(JSON.stringify(message));
    reads.push(...ready.readStates.map((read) => read.context));
  }
  return { sent, reads };
}

/** A follower with a stale entry 3 gets an empty append after entry 2: that says nothing about 3. */
export function verifiesBeforeCommitting(engine: EngineFactory): void {
  const raft = nodeWith(engine, [1, 1, 2]);
  const head = { type: "appendRequest", from: 2, to: 1, term: 3 } as const;
  raft.step({ ...head, prevLogIndex: 2, prevLogTerm: 1, entries: [], leaderCommit: 3 });
  assert.equal(raft.commitIndex, 2, "commits beyond what was verified");
  const { sent } = settle(raft);
  assert.ok(
    sent.some((message) => message.includes('"index":2')),
    "acknowledges beyond what was verified",
  );
}

/** Two writes under way at one index; the older one's acknowledgement says nothing about the newer entry. */
export function fencesOldWrites(engine: EngineFactory): void {
  const raft = nodeWith(engine, []);
  const head = { type: "appendRequest", to: 1, prevLogIndex: 0, prevLogTerm: 0, leaderCommit: 0 } as const;
  raft.step({ ...head, from: 2, term: 1, entries: logOf([1, 1, 1]) });
  const older = raft.ready();
  raft.step({ ...head, from: 3, term: 2, entries: logOf([2]) });
  raft.ready();
  raft.appended(older?.id ?? 0);
  assert.equal(raft.status().stableIndex, 0, "an old write counts for a new entry");
}

/** Node 1 leads term 1, and all it holds is committed with node 2: the entry that opened the term. */
function leaderOf(engine: EngineFactory): Engine {
  const raft = nodeWith(engine, []);
  const answer = { from: 2, to: 1, term: 1 } as const;
  raft.campaign();
  raft.step({ ...answer, type: "preVoteResponse", granted: true });
  settle(raft);
  raft.step({ ...answer, type: "voteResponse", granted: true });
  settle(raft);
  const accepted = { success: true, index: 1, hintIndex: 0, hintTerm: 0 };
  raft.step({ ...answer, type: "appendResponse", ...accepted });
  settle(raft);
  assert.equal(raft.commitIndex, 1, "the script does not get as far as the first commit");
  return raft;
}

/** The answer to the round of one read does not confirm a read that was asked after that round was sent. */
export function confirmsReadsByTheirRound(engine: EngineFactory): void {
  const raft = leaderOf(engine);
  raft.readIndex(71);
  settle(raft);
  raft.readIndex(72);
  settle(raft);
  raft.step({ type: "heartbeatResponse", from: 2, to: 1, term: 1, readContext: 1 });
  assert.deepEqual(settle(raft).reads, [71], "an old answer confirms a new read");
}

/** A follower that answers heartbeats, and not the append after which nothing more is written, is asked again. */
export function repeatsLostAppends(engine: EngineFactory): void {
  const raft = leaderOf(engine);
  raft.propose([new Uint8Array([7])]);
  settle(raft);
  raft.step({ type: "heartbeatResponse", from: 2, to: 1, term: 1, readContext: 0 });
  const isRepeated = settle(raft).sent.some(
    (message) => message.includes('"appendRequest"') && message.includes('"to":2'),
  );
  assert.ok(isRepeated, "a lost append is never sent again");
}
