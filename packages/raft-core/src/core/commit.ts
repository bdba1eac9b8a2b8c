/** The commit index: how it moves, and what moving it releases. */
import type { ConsensusState } from "./consensus-state.ts";
import { invariant } from "./errors.ts";
import type { Leadership } from "./leadership.ts";
import { entrySizeBytes } from "./log.ts";
import { quorumValue } from "./quorum.ts";

/**
 * Commits what a quorum holds durably, provided that it reaches an entry of this term: earlier terms'
 * entries are only ever committed along with one (Raft paper, 5.4.2 and figure 8). This node counts
 * as far as its own disk has confirmed (dissertation 10.2.1).
 */
export function commitByQuorum(state: ConsensusState, leadership: Leadership): void {
  const { log } = state;
  const index = quorumValue(log.configuration, (id) =>
    id === state.id ? state.stableIndex : (leadership.peers.get(id)?.matchIndex ?? 0),
  );
  if (index > state.commitIndex && log.termAt(index) === state.term) commitTo(state, index);
}

/** Moves the commit index forward. Whoever calls has proof that the log up to `index` is the leader's. */
export function commitTo(state: ConsensusState, index: number): void {
  if (index <= state.commitIndex) return;
  invariant(
    index <= state.log.lastIndex,
    () =>
      `the leader counts on entry ${index}, but this log ends at ${state.log.lastIndex}. ` +
      "Acknowledged entries were lost: wipe this node and let it join as a new member.",
  );
  if (state.leadership !== undefined) releaseUncommitted(state, state.leadership, index);
  state.commitIndex = index;
}

function releaseUncommitted(state: ConsensusState, leadership: Leadership, commitIndex: number): void {
  const first = Math.max(state.commitIndex, leadership.noopIndex) + 1;
  for (let index = first; index <= commitIndex; index += 1) {
    const entry = state.log.entryAt(index);
    if (entry !== undefined) leadership.uncommittedBytes -= entrySizeBytes(entry);
  }
}
