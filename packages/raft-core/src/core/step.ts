/** Messages: first what their term says (Raft paper, 5.1), then what they say themselves. */
import { NO_NODE, type Message, type NodeId } from "../types.ts";
import type { ConsensusState } from "./consensus-state.ts";
import {
  campaign,
  handlePreVoteRequest,
  handlePreVoteResponse,
  handleVoteRequest,
  handleVoteResponse,
  isLeased,
} from "./election.ts";
import { invariant } from "./errors.ts";
import { handleAppendRequest } from "./follower-replication.ts";
import { handleHeartbeatRequest } from "./heartbeat.ts";
import { handleAppendResponse, handleHeartbeatResponse } from "./leader-replication.ts";
import { handleReadIndexRequest, handleReadIndexResponse } from "./reads.ts";
import { becomeFollower } from "./roles.ts";

export function stepMessage(state: ConsensusState, message: Message): void {
  if (message.to !== state.id || message.from === state.id) return;
  if (message.term < state.term) {
    answerFromLaterTerm(state, message);
  } else if (message.term === state.term || admitHigherTerm(state, message)) {
    dispatch(state, message);
  }
}

/** Follows a message into its term. False for one that is to be ignored. */
export function admitHigherTerm(state: ConsensusState, message: Message): boolean {
  switch (message.type) {
    case "preVoteRequest":
      // Its term is one that the sender would like to open, not one that exists.
      return !isLeased(state);
    case "preVoteResponse":
      if (!message.granted) becomeFollower(state, message.term, NO_NODE);
      return true;
    case "voteRequest":
      if (isLeased(state) && !message.transfer) return false;
      becomeFollower(state, message.term, NO_NODE);
      return true;
    case "appendRequest":
    case "heartbeatRequest":
    case "snapshotRequest":
      becomeFollower(state, message.term, message.from);
      return true;
    default:
      becomeFollower(state, message.term, NO_NODE);
      return true;
  }
}

/**
 * Only silence would keep a sender that fell behind where it is: with pre-vote and leases, nobody
 * else raises its term, and a quorum may depend on it. So every request is answered from our term.
 */
export function answerFromLaterTerm(state: ConsensusState, message: Message): void {
  const { id: from, term, outbox } = state;
  const to = message.from;
  switch (message.type) {
    case "appendRequest":
    case "heartbeatRequest":
    case "snapshotRequest":
    case "readIndexRequest":
      // An empty heartbeat answer has nothing to say but the term.
      outbox.send({ type: "heartbeatResponse", from, to, term, readContext: 0 });
      break;
    case "preVoteRequest":
      outbox.send({ type: "preVoteResponse", from, to, term, granted: false });
      break;
    case "voteRequest":
      outbox.send({ type: "voteResponse", from, to, term, granted: false });
      break;
    default:
      break;
  }
}

function dispatch(state: ConsensusState, message: Message): void {
  switch (message.type) {
    case "appendRequest":
      followLeader(state, message.from);
      return handleAppendRequest(state, message);
    case "heartbeatRequest":
      followLeader(state, message.from);
      return handleHeartbeatRequest(state, message);
    case "snapshotRequest":
      // Only a sign of life: the bytes come on a stream, see receiveSnapshot.
      return followLeader(state, message.from);
    case "appendResponse":
      return handleAppendResponse(state, message);
    case "heartbeatResponse":
      return handleHeartbeatResponse(state, message);
    case "preVoteRequest":
      return handlePreVoteRequest(state, message);
    case "preVoteResponse":
      return handlePreVoteResponse(state, message);
    case "voteRequest":
      return handleVoteRequest(state, message);
    case "voteResponse":
      return handleVoteResponse(state, message);
    case "timeoutNow":
      return campaign(state, "transfer");
    case "readIndexRequest":
      return handleReadIndexRequest(state, message);
    case "readIndexResponse":
      return handleReadIndexResponse(state, message);
  }
}

/** Whoever sends a leader's message in this term is its leader: there is at most one. */
export function followLeader(state: ConsensusState, leader: NodeId): void {
  invariant(
    state.leadership === undefined && (state.leader === NO_NODE || state.leader === leader),
    () => `nodes ${state.leader} and ${leader} both lead in term ${state.term}.`,
  );
  if (state.leader !== leader) becomeFollower(state, state.term, leader);
  state.electionElapsedTicks = 0;
  state.heardLeaderTick = state.tick;
}
