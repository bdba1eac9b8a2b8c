/** Replication as a leader does it: what to send to whom, and what the answers mean (Raft paper, 5.3). */
import type { AppendResponse, HeartbeatResponse, NodeId, SnapshotMeta } from "../types.ts";
import { commitByQuorum, commitTo } from "./commit.ts";
import type { ConsensusState } from "./consensus-state.ts";
import { invariant } from "./errors.ts";
import type { Leadership } from "./leadership.ts";
import { entrySizeBytes } from "./log.ts";
import type { Progress } from "./progress.ts";
import { confirmReads } from "./reads.ts";
import { sendTimeoutNowIfReady } from "./transfer.ts";

/**
 * Sends every peer what it may have by now. Runs once for each ready, so that what was proposed and
 * acknowledged in between travels together.
 */
export function flushAppends(state: ConsensusState, leadership: Leadership): void {
  for (const peer of leadership.peers.values()) {
    switch (peer.state) {
      case "probe":
        if (!peer.isProbing) sendAppend(state, peer);
        break;
      case "replicate":
        streamTo(state, peer);
        break;
      case "snapshot":
        break;
    }
  }
}

function streamTo(state: ConsensusState, peer: Progress): void {
  const { lastIndex } = state.log;
  while (peer.nextIndex <= lastIndex && !peer.inflights.isFull) {
    if (!sendAppend(state, peer)) return;
  }
  // In a full window all may be lost. An empty append finds out, and a peer that is merely slow gets no more to hold.
  if (peer.needsNudge || (!peer.inflights.isFull && peer.sentCommit < state.commitIndex))
    sendAppend(state, peer);
}

/** False when the peer needs entries that are compacted: then it needs a snapshot instead. */
function sendAppend(state: ConsensusState, peer: Progress): boolean {
  const { log, config, commitIndex } = state;
  const prevLogIndex = peer.nextIndex - 1;
  const prevLogTerm = log.termAt(prevLogIndex);
  if (prevLogTerm === undefined) {
    requestSnapshot(state, peer);
    return false;
  }
  const hasRoom = peer.state === "probe" || !peer.inflights.isFull;
  const entries = hasRoom ? log.slice(peer.nextIndex, config.maxAppendEntries, config.maxAppendBytes) : [];
  const sizeBytes = entries.reduce((sum, entry) => sum + entrySizeBytes(entry), 0);
  peer.sent(prevLogIndex + entries.length, sizeBytes, commitIndex);
  state.outbox.send({
    type: "appendRequest",
    from: state.id,
    to: peer.id,
    term: state.term,
    prevLogIndex,
    prevLogTerm,
    entries,
    leaderCommit: commitIndex,
  });
  return true;
}

/** Only answers lead here, so a peer that is silent gets no stream. */
function requestSnapshot(state: ConsensusState, peer: Progress): void {
  peer.becomeSnapshot();
  state.outbox.snapshotRequests.push({ to: peer.id, term: state.term });
}

export function handleAppendResponse(state: ConsensusState, response: AppendResponse): void {
  const peer = heardFrom(state, response.from);
  if (peer === undefined) return;
  if (response.success) acceptedAppend(state, peer, response.index);
  else if (response.needsSnapshot === true) lostState(state, peer, response);
  else refusedAppend(state, peer, response);
}

function acceptedAppend(state: ConsensusState, peer: Progress, index: number): void {
  const { log, leadership } = state;
  invariant(
    index <= log.lastIndex,
    () =>
      `node ${peer.id} acknowledged entry ${index} of this term, but this leader's log ends at ${log.lastIndex}.`,
  );
  const isNews = peer.matched(index);
  if (peer.state === "probe") peer.becomeReplicate();
  // The log reaches far enough back again, whether or not that snapshot ever arrives.
  else if (peer.state === "snapshot" && !peer.needsSnapshot && peer.matchIndex >= log.snapshot.index)
    peer.becomeReplicate();
  if (!isNews || leadership === undefined) return;
  if (peer.matchIndex > state.commitIndex) commitByQuorum(state, leadership);
  sendTimeoutNowIfReady(state, leadership);
}

/**
 * The peer's log is whole, so what it acknowledged counts, but it takes nothing more before it has a state:
 * it gets one whatever this log still holds. One stream at a time; after a failure it asks again by itself.
 */
function lostState(state: ConsensusState, peer: Progress, { hintIndex, hintTerm }: AppendResponse): void {
  // Committed by an earlier leader. With this node and the peer alone, nothing else would say so.
  if (hintIndex > state.commitIndex && state.log.termAt(hintIndex) === hintTerm) commitTo(state, hintIndex);
  if (peer.state !== "snapshot") requestSnapshot(state, peer);
  peer.needsSnapshot = true;
}

/** Goes back to where the logs may agree, skipping whole terms (dissertation 3.3). */
function refusedAppend(state: ConsensusState, peer: Progress, response: AppendResponse): void {
  const { index: refusedIndex, hintIndex, hintTerm } = response;
  if (!peer.isRefusalCurrent(refusedIndex)) return;
  const candidate = state.log.lastIndexWithTermAtMost(hintIndex, hintTerm) + 1;
  // At least one step back, whatever the hint says, or two nodes could ask and refuse for ever.
  peer.becomeProbe(Math.min(refusedIndex, candidate));
}

export function handleHeartbeatResponse(state: ConsensusState, response: HeartbeatResponse): void {
  const { leadership, log } = state;
  const peer = heardFrom(state, response.from);
  if (peer === undefined || leadership === undefined) return;
  peer.heartbeatAnswered(state.tick, log.lastIndex);
  if (response.readContext <= peer.readRound) return;
  peer.readRound = response.readContext;
  confirmReads(state, leadership);
}

/** How a snapshot stream ended: as `meta` if it was installed. The next answer tells where to go on. */
export function snapshotSent(state: ConsensusState, to: NodeId, meta: SnapshotMeta | undefined): void {
  const peer = state.leadership?.peers.get(to);
  if (peer?.state !== "snapshot") return;
  peer.becomeProbe(Math.max(peer.nextIndex, (meta?.index ?? 0) + 1));
  // Not at once: after a failure that would be a loop, after a success the answer is on its way.
  peer.isProbing = true;
}

function heardFrom(state: ConsensusState, id: NodeId): Progress | undefined {
  const peer = state.leadership?.peers.get(id);
  if (peer === undefined) return undefined;
  peer.recentlyActive = true;
  peer.heardAtTick = state.tick;
  return peer;
}
