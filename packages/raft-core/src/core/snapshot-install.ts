/** Snapshots as a follower takes them (Raft paper, section 7); the handshake stands at the top of raft.ts. */
import { NO_NODE, type SnapshotMeta, type SnapshotRequest } from "../types.ts";
import { commitTo } from "./commit.ts";
import type { ConsensusState } from "./consensus-state.ts";
import { invariant } from "./errors.ts";
import { acknowledgeTo } from "./follower-replication.ts";
import type { SnapshotDecision } from "./outcomes.ts";

/** Decides on a snapshot of this term's leader. */
export function decideSnapshot(state: ConsensusState, request: SnapshotRequest): SnapshotDecision {
  const { from, snapshot } = request;
  if (state.installing !== undefined) return { install: false, reason: "busy" };
  if (snapshot.index <= state.commitIndex || state.log.termAt(snapshot.index) === snapshot.term) {
    // A snapshot holds only what is committed, so the log that matches it is committed as far.
    commitTo(state, snapshot.index);
    acknowledgeTo(state, from, state.commitIndex);
    return { install: false, reason: "alreadyHeld" };
  }
  state.installing = snapshot;
  return { install: true };
}

/**
 * The log begins anew. Nothing of it can be kept: it did not match at `meta.index`, so all after that
 * conflicts with what is committed (the log matching property), and all before is covered.
 */
export function finishInstall(state: ConsensusState, meta: SnapshotMeta): void {
  invariant(
    state.installing?.index === meta.index && state.installing.term === meta.term,
    () => `snapshot ${meta.index} was installed, but not asked for.`,
  );
  state.installing = undefined;
  state.log.reset(meta);
  state.forgetWritesFrom(1);
  state.writtenIndex = meta.index;
  state.stableIndex = meta.index;
  state.commitIndex = meta.index;
  state.handedIndex = meta.index;
  state.appliedIndex = meta.index;
  state.restartElectionTimer();
  if (state.leader !== NO_NODE) acknowledgeTo(state, state.leader, meta.index);
}
