/** Elections: campaigning, voting, counting (Raft paper, 5.2 and 5.4.1; dissertation 9.6). */
import {
  NO_NODE,
  type NodeId,
  type PreVoteRequest,
  type PreVoteResponse,
  type VoteRequest,
  type VoteResponse,
} from "../types.ts";
import { isVoter, membersOf } from "./configuration.ts";
import type { ConsensusState } from "./consensus-state.ts";
import { broadcastHeartbeat } from "./heartbeat.ts";
import { askForLease, isPromised } from "./lease.ts";
import { countVotes } from "./quorum.ts";
import { becomeCandidate, becomeFollower, becomeLeader, becomePreCandidate } from "./roles.ts";

/** `transfer`: the leader asked for it, so nobody needs to be asked whether it is welcome. */
export type CampaignReason = "timeout" | "transfer";

/**
 * Tries to become leader. A learner must not lead, a node whose log is being replaced must not append, and one
 * whose state is lost could not serve, nor give a state to others.
 */
export function campaign(state: ConsensusState, reason: CampaignReason): void {
  const { leadership, installing, needsSnapshot, config } = state;
  if (leadership !== undefined || installing !== undefined || needsSnapshot || !mayLead(state)) return;
  // Its own vote is a vote, too. By the clock it never comes to this: the timeout is no shorter than the promise.
  if (reason === "timeout" && isPromised(state)) return;
  if (reason === "timeout" && config.preVote) startPreElection(state);
  else startElection(state, reason);
}

/**
 * A voter; also one whose removal is not known to be committed: it may hold the only log that can win, and
 * then leads, without a vote of its own, until the removal is committed (dissertation 4.2.2). What is
 * committed may lie anywhere from the commit index on, so every configuration from there on counts.
 */
function mayLead({ id, log, commitIndex }: ConsensusState): boolean {
  return log.configurationsFrom(commitIndex).some((configuration) => isVoter(configuration, id));
}

function startPreElection(state: ConsensusState): void {
  becomePreCandidate(state);
  const { id: from, log, outbox } = state;
  for (const to of otherVoters(state)) {
    outbox.send({
      type: "preVoteRequest",
      from,
      to,
      term: state.term + 1,
      lastLogIndex: log.lastIndex,
      lastLogTerm: log.lastTerm,
    });
  }
  recordVote(state, from, true);
}

/**
 * The requests wait for the disk: they speak for a term, a vote and a log that a crash must not take
 * back, or answers to them could elect a later self with a shorter log in the same term. The own vote
 * counts when it is durable too, see {@link ownVoteStable}.
 */
function startElection(state: ConsensusState, reason: CampaignReason): void {
  becomeCandidate(state);
  const { id: from, term, log, outbox } = state;
  for (const to of otherVoters(state)) {
    outbox.sendAfterAppend({
      type: "voteRequest",
      from,
      to,
      term,
      lastLogIndex: log.lastIndex,
      lastLogTerm: log.lastTerm,
      transfer: reason === "transfer",
    });
  }
}

/** The storage has confirmed a hard state; if it holds this candidacy's vote, that counts from now on. */
export function ownVoteStable(state: ConsensusState): void {
  const { term, votedFor } = state.stableHardState;
  if (state.role === "candidate" && term === state.term && votedFor === state.id) {
    recordVote(state, state.id, true);
  }
}

/**
 * Whether this node hears from a working leader, so that a candidate is to be ignored: it is cut off
 * or was removed, and its election would only disturb (dissertation 4.2.3).
 */
export function isLeased(state: ConsensusState): boolean {
  const { config, leader, leadership, electionElapsedTicks } = state;
  if (isPromised(state)) return true;
  if (!config.checkQuorum || leader === NO_NODE) return false;
  return leadership !== undefined || electionElapsedTicks < config.electionTicks;
}

/** Answers what a vote would be, without giving one: no term changes, nothing need be durable. */
export function handlePreVoteRequest(state: ConsensusState, request: PreVoteRequest): void {
  const { from: to, term, lastLogIndex, lastLogTerm } = request;
  const isFree = term > state.term || (mayVoteFor(state, to) && !isPromised(state));
  const granted = isFree && state.log.isUpToDate(lastLogIndex, lastLogTerm);
  // A grant names the term it is for; a refusal tells a candidate that fell behind where we are.
  const answerTerm = granted ? term : state.term;
  state.outbox.send({ type: "preVoteResponse", from: state.id, to, term: answerTerm, granted });
}

/** A node votes whether or not it knows of its own membership: the candidate may know better. */
export function handleVoteRequest(state: ConsensusState, request: VoteRequest): void {
  const { from, lastLogIndex, lastLogTerm, transfer } = request;
  // The term may have been raised by others since the promise of a lease was given.
  const isFree = mayVoteFor(state, from) && (transfer || !isPromised(state));
  const granted = isFree && state.log.isUpToDate(lastLogIndex, lastLogTerm);
  if (granted) giveVote(state, from);
  state.outbox.sendAfterAppend({ type: "voteResponse", from: state.id, to: from, term: state.term, granted });
}

function mayVoteFor(state: ConsensusState, candidate: NodeId): boolean {
  const { votedFor, leader } = state;
  return votedFor === candidate || (votedFor === NO_NODE && leader === NO_NODE);
}

function giveVote(state: ConsensusState, candidate: NodeId): void {
  // Its own pre-election would compete with the vote just given.
  if (state.role === "preCandidate") becomeFollower(state, state.term, NO_NODE);
  state.votedFor = candidate;
  state.electionElapsedTicks = 0;
}

export function handlePreVoteResponse(state: ConsensusState, response: PreVoteResponse): void {
  const asked = response.granted ? state.term + 1 : state.term;
  if (state.role === "preCandidate" && response.term === asked) {
    recordVote(state, response.from, response.granted);
  }
}

export function handleVoteResponse(state: ConsensusState, response: VoteResponse): void {
  if (state.role === "candidate") recordVote(state, response.from, response.granted);
}

/** A grant stands: a refusal after it can only answer an older question. */
function recordVote(state: ConsensusState, from: NodeId, granted: boolean): void {
  const { votes, log } = state;
  votes.set(from, granted || votes.get(from) === true);
  switch (countVotes(log.configuration, (id) => votes.get(id))) {
    case "won":
      win(state);
      break;
    case "lost":
      becomeFollower(state, state.term, NO_NODE);
      break;
    case "pending":
      break;
  }
}

function win(state: ConsensusState): void {
  if (state.role === "preCandidate") {
    startElection(state, "timeout");
    return;
  }
  becomeLeader(state);
  if (state.leadership === undefined) return;
  askForLease(state, state.leadership);
  broadcastHeartbeat(state, state.leadership);
}

function otherVoters(state: ConsensusState): NodeId[] {
  const { configuration } = state.log;
  return membersOf(configuration).filter((id) => id !== state.id && isVoter(configuration, id));
}
