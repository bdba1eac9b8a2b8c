/** Linearizable reads: ReadIndex on the leader, forwarded by followers (dissertation 6.4). */
import { NO_NODE, type NodeId, type ReadIndexRequest, type ReadIndexResponse } from "../types.ts";
import type { ConsensusState } from "./consensus-state.ts";
import { broadcastHeartbeat } from "./heartbeat.ts";
import type { PendingRead } from "./leader-reads.ts";
import type { Leadership } from "./leadership.ts";
import { holdsLease, leaseNow } from "./lease.ts";
import type { ReadOutcome } from "./outcomes.ts";
import { quorumValue } from "./quorum.ts";

/** A read of this node: on a leader it waits for a round, on a follower it travels to the leader. */
export function askRead(state: ConsensusState, context: number): ReadOutcome {
  const { leader, leadership, forwardedReads, config } = state;
  if (leader === NO_NODE) return { accepted: false, reason: "noLeader", leader };
  const pending = leadership === undefined ? forwardedReads.size : leadership.reads.size;
  if (pending >= config.maxPendingReads) return { accepted: false, reason: "tooManyReads", leader };
  if (leadership !== undefined) leadership.reads.add({ from: state.id, context });
  else forwardRead(state, context);
  return { accepted: true, forwardedTo: leadership === undefined ? leader : NO_NODE };
}

function forwardRead(state: ConsensusState, context: number): void {
  const { id, term, leader } = state;
  const wireContext = state.forwardedReads.add(context, state.tick + state.config.electionTicks);
  state.outbox.send({ type: "readIndexRequest", from: id, to: leader, term, context: wireContext });
}

/** A follower's read. */
export function handleReadIndexRequest(state: ConsensusState, request: ReadIndexRequest): void {
  const { from, context } = request;
  const reads = state.leadership?.reads;
  if (reads === undefined || reads.size >= state.config.maxPendingReads)
    answerRead(state, { from, context }, 0);
  else reads.add({ from, context });
}

/** The leader's answer; index 0 is a refusal. */
export function handleReadIndexResponse(state: ConsensusState, response: ReadIndexResponse): void {
  const context = state.forwardedReads.take(response.context);
  if (context === undefined) return;
  if (response.index === 0) state.outbox.droppedReads.push({ context });
  else state.outbox.readStates.push({ context, index: response.index });
}

/**
 * Sends the reads that have arrived off with a round of heartbeats, or answers them under the lease. Before the first commit of its term
 * a leader does not know what is committed, so they are held until then.
 */
export function issueReadRound(state: ConsensusState, leadership: Leadership): void {
  const { reads, noopIndex } = leadership;
  if (!reads.hasArrivals || state.commitIndex < noopIndex) return;
  if (holdsLease(state, leadership)) {
    for (const read of reads.takeArrived()) answerRead(state, read, state.commitIndex);
    return;
  }
  reads.issueRound(state.commitIndex, leaseNow(state));
  broadcastHeartbeat(state, leadership);
  confirmReads(state, leadership);
}

/** Answers the rounds that a quorum has confirmed, this node among them. */
export function confirmReads(state: ConsensusState, leadership: Leadership): void {
  const { reads, peers } = leadership;
  if (!reads.isWaiting) return;
  const confirmed = quorumValue(state.log.configuration, (id) =>
    id === state.id ? reads.newestRound : (peers.get(id)?.readRound ?? 0),
  );
  for (const { index, reads: pending, issuedAt } of reads.takeConfirmed(confirmed)) {
    leadership.lease.renew(issuedAt);
    for (const read of pending) answerRead(state, read, index);
  }
}

/** Leadership is lost: nobody will confirm these any more. */
export function dropLeaderReads(state: ConsensusState, leadership: Leadership): void {
  for (const read of leadership.reads.takeAll()) answerRead(state, read, 0);
}

/** The leader they were sent to is not the leader any more. */
export function dropForwardedReads(state: ConsensusState): void {
  drop(state, state.forwardedReads.takeAll());
}

/** Time passes; what was lost on the way is given up. */
export function expireForwardedReads(state: ConsensusState): void {
  drop(state, state.forwardedReads.takeExpired(state.tick));
}

function drop(state: ConsensusState, contexts: readonly number[]): void {
  for (const context of contexts) state.outbox.droppedReads.push({ context });
}

function answerRead(state: ConsensusState, read: PendingRead, index: number): void {
  const { from: to, context } = read;
  if (isOwn(state, to)) {
    if (index === 0) state.outbox.droppedReads.push({ context });
    else state.outbox.readStates.push({ context, index });
    return;
  }
  state.outbox.send({ type: "readIndexResponse", from: state.id, to, term: state.term, context, index });
}

function isOwn(state: ConsensusState, id: NodeId): boolean {
  return id === state.id;
}
