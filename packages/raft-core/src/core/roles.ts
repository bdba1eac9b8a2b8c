/** Changes of term, role and leader, and what each change ends. */
import { NO_NODE, type NodeId, type Role } from "../types.ts";
import { membersOf } from "./configuration.ts";
import type { ConsensusState } from "./consensus-state.ts";
import { invariant } from "./errors.ts";
import { Inflights } from "./inflights.ts";
import { LeaderReads } from "./leader-reads.ts";
import type { Leadership } from "./leadership.ts";
import { Lease } from "./lease.ts";
import { Progress } from "./progress.ts";
import { dropForwardedReads, dropLeaderReads } from "./reads.ts";

/** Follows `leader` (or nobody yet) in `term`. */
export function becomeFollower(state: ConsensusState, term: number, leader: NodeId): void {
  const wasFollower = state.role === "follower";
  enterTerm(state, term);
  stepDown(state);
  setRole(state, "follower");
  setLeader(state, leader);
  // For a follower a higher term alone is no reason to wait longer: whoever raised it may be unable to win.
  if (!wasFollower) state.restartElectionTimer();
}

/** Asks around first; neither term nor vote change. */
export function becomePreCandidate(state: ConsensusState): void {
  state.votes.clear();
  state.restartElectionTimer();
  setRole(state, "preCandidate");
  setLeader(state, NO_NODE);
}

/** Raises the term and votes for itself. */
export function becomeCandidate(state: ConsensusState): void {
  state.votes.clear();
  state.restartElectionTimer();
  enterTerm(state, state.term + 1);
  state.votedFor = state.id;
  setRole(state, "candidate");
  setLeader(state, NO_NODE);
}

/** Leads, and opens the term with an entry of its own (Raft paper, section 8). */
export function becomeLeader(state: ConsensusState): void {
  invariant(state.role === "candidate", () => `a ${state.role} won an election.`);
  const { log, term } = state;
  const noopIndex = log.lastIndex + 1;
  state.votes.clear();
  state.leadership = newLeadership(state, noopIndex);
  log.append({ index: noopIndex, term, type: "noop", data: new Uint8Array() });
  setRole(state, "leader");
  setLeader(state, state.id);
  state.outbox.events.push({ type: "leaderElected", term, noopIndex });
}

function newLeadership(state: ConsensusState, noopIndex: number): Leadership {
  const { log, commitIndex, id, term } = state;
  // Those whose removal is not known to be committed are told of it, too.
  const peers = new Set(log.configurationsFrom(commitIndex).flatMap(membersOf));
  peers.delete(id);
  return {
    term,
    noopIndex,
    peers: new Map([...peers].map((peer) => [peer, newProgress(state, peer, noopIndex)])),
    reads: new LeaderReads(),
    heartbeatElapsedTicks: 0,
    quorumElapsedTicks: 0,
    uncommittedBytes: 0,
    transfer: undefined,
    lease: new Lease(),
    finishedIndex: 0,
  };
}

/** A peer of which nothing is known; `nextIndex` is where to look for a match first. */
export function newProgress({ config }: ConsensusState, id: NodeId, nextIndex: number): Progress {
  return new Progress(id, nextIndex, new Inflights(config.maxInflightAppends, config.maxInflightBytes));
}

/** Ends a leadership, if there is one: its proposals, reads and transfer will not be completed by it. */
function stepDown(state: ConsensusState): void {
  const { leadership, outbox } = state;
  state.votes.clear();
  if (leadership === undefined) return;
  state.leadership = undefined;
  const from = Math.max(state.commitIndex, leadership.noopIndex) + 1;
  const to = state.log.lastIndex;
  if (from <= to) outbox.lostProposals.push({ from, to, term: leadership.term });
  dropLeaderReads(state, leadership);
  endTransfer(state, leadership, "steppedDown");
}

/** Says how a transfer ended; without one, nothing happens. */
export function endTransfer(
  state: ConsensusState,
  leadership: Leadership,
  outcome: "steppedDown" | "timedOut" | "replaced",
): void {
  const { transfer, term } = leadership;
  if (transfer === undefined) return;
  leadership.transfer = undefined;
  state.outbox.events.push({ type: "transferEnded", to: transfer.to, term, outcome });
}

function enterTerm(state: ConsensusState, term: number): void {
  invariant(term >= state.term, () => `the term would fall from ${state.term} to ${term}.`);
  if (term === state.term) return;
  state.term = term;
  state.votedFor = NO_NODE;
  state.outbox.events.push({ type: "termChanged", term });
}

function setRole(state: ConsensusState, role: Role): void {
  const previous = state.role;
  if (role === previous) return;
  state.role = role;
  state.outbox.events.push({ type: "roleChanged", role, previous, term: state.term });
}

function setLeader(state: ConsensusState, leader: NodeId): void {
  if (leader === state.leader) return;
  state.leader = leader;
  dropForwardedReads(state);
  state.outbox.events.push({ type: "leaderChanged", leader, term: state.term });
}
