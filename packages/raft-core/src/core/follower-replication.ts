/** AppendEntries as a follower takes it (Raft paper, figure 2). */
import type { AppendRequest, Entry } from "../types.ts";
import { commitTo } from "./commit.ts";
import type { ConsensusState } from "./consensus-state.ts";
import { invariant } from "./errors.ts";

export function handleAppendRequest(state: ConsensusState, request: AppendRequest): void {
  // While a snapshot is installed the log stands still; the leader will ask again.
  if (state.installing !== undefined || !isGapless(request)) return;
  if (state.needsSnapshot) {
    askForSnapshot(state, request.from, request.prevLogIndex);
    return;
  }
  const { prevLogIndex, prevLogTerm, entries, leaderCommit } = request;
  // Below the commit index every leader's log is the same, also where this one is compacted.
  if (prevLogIndex > state.commitIndex && state.log.termAt(prevLogIndex) !== prevLogTerm) {
    refuse(state, request);
    return;
  }
  const verifiedIndex = prevLogIndex + entries.length;
  appendNew(state, entries, Math.max(0, state.commitIndex - prevLogIndex));
  // What lies beyond may be another leader's: this append says nothing about it.
  commitTo(state, Math.min(leaderCommit, verifiedIndex));
  acknowledgeTo(state, request.from, Math.max(verifiedIndex, state.commitIndex));
}

/** Tells the leader that the log agrees with its own up to `index`, once that is durable. */
export function acknowledgeTo(state: ConsensusState, leader: number, index: number): void {
  const { id: from, term, outbox } = state;
  outbox.acknowledge({
    type: "appendResponse",
    from,
    to: leader,
    term,
    success: true,
    index,
    hintIndex: 0,
    hintTerm: 0,
  });
}

/**
 * Takes the entries that are new, from `skip` on. Only a real conflict cuts the log: a request that
 * was overtaken by a longer one must not take back what that one brought (Raft paper, 5.3).
 */
function appendNew(state: ConsensusState, entries: readonly Entry[], skip: number): void {
  const { log } = state;
  for (let at = skip; at < entries.length; at += 1) {
    const entry = entries[at];
    if (entry === undefined) return;
    const held = log.termAt(entry.index);
    if (held === entry.term) continue;
    if (held !== undefined) {
      invariant(entry.index > state.commitIndex, () => `committed entry ${entry.index} would be replaced.`);
      state.truncateLogFrom(entry.index);
    }
    log.append(entry);
  }
}

/** Says where the logs may still agree. Committed entries do, so it is never below those. */
function refuse(state: ConsensusState, request: AppendRequest): void {
  const { id, term, log, outbox } = state;
  const { from: to, prevLogIndex, prevLogTerm } = request;
  const hintIndex = log.lastIndexWithTermAtMost(prevLogIndex, prevLogTerm);
  outbox.send({
    type: "appendResponse",
    from: id,
    to,
    term,
    success: false,
    index: prevLogIndex,
    hintIndex,
    hintTerm: log.termAt(hintIndex) ?? 0,
  });
}

/**
 * Tells the leader that the state before the log is lost here, and how far the log is known to be committed:
 * a leader that lags behind that could send no snapshot that fits, nor commit any further without this node.
 */
export function askForSnapshot(state: ConsensusState, leader: number, refusedIndex: number): void {
  const { id: from, term, log, outbox } = state;
  outbox.send({
    type: "appendResponse",
    from,
    to: leader,
    term,
    success: false,
    index: refusedIndex,
    hintIndex: log.snapshot.index,
    hintTerm: log.snapshot.term,
    needsSnapshot: true,
  });
}

/** A request with a hole is no request of a correct leader; taking it would break the log. */
function isGapless({ prevLogIndex, prevLogTerm, term, entries }: AppendRequest): boolean {
  let previousIndex = prevLogIndex;
  let previousTerm = prevLogTerm;
  for (const entry of entries) {
    if (entry.index !== previousIndex + 1 || entry.term < previousTerm || entry.term > term) return false;
    previousIndex = entry.index;
    previousTerm = entry.term;
  }
  return true;
}
