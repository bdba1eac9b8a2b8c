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
  if (state.needsSnapshot) {
    if (snapshot.index < state.log.snapshot.index) return { install: false, reason: "tooOld" };
  } else if (snapshot.index <= state.commitIndex || isHeld(state, snapshot)) {
    // A snapshot holds only what is committed, so the log that matches it is committed as far.
    commitTo(state, snapshot.index);
    acknowledgeTo(state, from, state.commitIndex);
    return { install: false, reason: "alreadyHeld" };
  }
  state.installing = snapshot;
  return { install: true, keepsLog: isHeld(state, snapshot) };
}

/** Then the logs agree up to there (the log matching property). */
function isHeld(state: ConsensusState, { index, term }: SnapshotMeta): boolean {
  return state.log.termAt(index) === term;
}

/**
 * The state begins anew. A log that holds the snapshot's last entry only lacked the state: what follows was
 * acknowledged, may be committed, and stays. Of any other log nothing can be kept: all after `meta.index`
 * conflicts with what is committed, and all before is covered.
 */
export function finishInstall(state: ConsensusState, meta: SnapshotMeta): void {
  invariant(
    state.installing?.index === meta.index && state.installing.term === meta.term,
    () => `snapshot ${meta.index} was installed, but not asked for.`,
  );
  state.installing = undefined;
  state.needsSnapshot = false;
  if (isHeld(state, meta)) keepLogAfter(state, meta);
  else resetLog(state, meta);
  state.commitIndex = meta.index;
  state.handedIndex = meta.index;
  state.appliedIndex = meta.index;
  state.restartElectionTimer();
  // No further than the snapshot: what follows in the log is still to be compared with the leader's.
  if (state.leader !== NO_NODE) acknowledgeTo(state, state.leader, meta.index);
}

function keepLogAfter({ log }: ConsensusState, meta: SnapshotMeta): void {
  log.compact({ ...meta, configuration: log.configurationAt(meta.index) ?? meta.configuration });
}

function resetLog(state: ConsensusState, meta: SnapshotMeta): void {
  state.log.reset(meta);
  state.forgetWritesFrom(1);
  state.writtenIndex = meta.index;
  state.stableIndex = meta.index;
}
