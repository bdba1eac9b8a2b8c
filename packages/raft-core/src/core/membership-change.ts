/**
 * Membership as a leader changes it (dissertation, chapter 4). A configuration is in force from the moment
 * it is appended, committed or not; what a leader does about it here:
 *   - it appends one change at a time, and none before an entry of its own term is committed;
 *   - it leaves a joint configuration by a second entry, as soon as the first is committed;
 *   - it sends to members that are on their way out until their removal is committed, so that they know;
 *   - once its own removal is committed it steps down, and asks the best of the others to take over.
 */
import { NO_NODE, type Configuration, type NodeId } from "../types.ts";
import { encodeConfiguration, isVoter, membersOf } from "./configuration.ts";
import type { ConsensusState } from "./consensus-state.ts";
import type { Leadership } from "./leadership.ts";
import { entrySizeBytes } from "./log.ts";
import { leaveJoint, planChange, promotedBy } from "./membership.ts";
import type { ChangeRefusal, ConfChange, ProposeOutcome, ProposeRefusal } from "./outcomes.ts";
import type { Progress } from "./progress.ts";
import { isQuorum } from "./quorum.ts";
import { confirmReads } from "./reads.ts";
import { becomeFollower, newProgress } from "./roles.ts";

/** Appends the change, or says why not. */
export function proposeChange(state: ConsensusState, change: ConfChange): ProposeOutcome {
  const { leadership, leader, log, term } = state;
  const refused = (reason: ProposeRefusal): ProposeOutcome => ({ accepted: false, reason, leader });
  if (leadership === undefined) return refused("notLeader");
  if (leadership.transfer !== undefined) return refused("transferring");
  // Two leaders' uncommitted changes could otherwise have majorities that do not meet: raft-dev, 2015-07-10.
  if (state.commitIndex < leadership.noopIndex) return refused("termNotCommitted");
  if (isChanging(state)) return refused("changeInProgress");
  const plan = planChange(log.configuration, change);
  if (!plan.possible) return refused(plan.reason);
  const reason = riskOf(state, leadership, plan.configuration, promotedBy(change));
  if (reason !== undefined) return refused(reason);
  appendConfiguration(state, leadership, plan.configuration);
  return { accepted: true, firstIndex: log.lastIndex, term };
}

/** Whether a change is under way: uncommitted, or joint. */
export function isChanging({ log, commitIndex }: ConsensusState): boolean {
  return log.configurationIndex > commitIndex || log.configuration.votersOutgoing.length > 0;
}

/** Runs with every ready, before anything is sent: takes the second step out of a joint configuration. */
export function leaveJointIfCommitted(state: ConsensusState, leadership: Leadership): void {
  const { log, commitIndex } = state;
  const { configuration, configurationIndex } = log;
  // A successor first commits its noop: until then it does not know that the joint entry is committed.
  if (configuration.votersOutgoing.length === 0 || commitIndex < leadership.noopIndex) return;
  if (commitIndex >= configurationIndex) appendConfiguration(state, leadership, leaveJoint(configuration));
}

/** Runs with every ready, after the commit index went out: lets go of members that are gone, itself included. */
export function finishRemovals(state: ConsensusState, leadership: Leadership): void {
  const { log, commitIndex, id } = state;
  const { configuration, configurationIndex } = log;
  if (commitIndex < configurationIndex || commitIndex < leadership.noopIndex) return;
  if (leadership.finishedIndex === configurationIndex) return;
  leadership.finishedIndex = configurationIndex;
  const members = new Set(membersOf(configuration));
  for (const peer of leadership.peers.keys()) if (!members.has(peer)) leadership.peers.delete(peer);
  if (!isVoter(configuration, id)) retire(state, leadership);
}

/** Gives a vote to a learner that has caught up, if members are to be promoted by themselves. */
export function promoteCaughtUp(state: ConsensusState, leadership: Leadership): void {
  const { config, log, tick } = state;
  for (const id of log.configuration.learners) {
    const peer = leadership.peers.get(id);
    peer?.catchUp.observe(tick, peer.matchIndex, log.lastIndex, config.electionTicks);
  }
  if (!config.promoteLearners || isChanging(state)) return;
  for (const node of log.configuration.learners) {
    if (proposeChange(state, { type: "promoteLearner", node }).accepted) return;
  }
}

/** Heard from within an election timeout, and (for a learner) keeping up. */
export function isCaughtUp(state: ConsensusState, peer: Progress): boolean {
  return peer.catchUp.isDone && isAlive(state, peer);
}

function isAlive({ tick, config }: ConsensusState, peer: Progress | undefined): boolean {
  return peer?.heardAtTick !== undefined && tick - peer.heardAtTick < config.electionTicks;
}

/** Changes that are safe, but after which nothing might be committed for a long time. */
function riskOf(
  state: ConsensusState,
  { peers }: Leadership,
  planned: Configuration,
  promoted: readonly NodeId[],
): ChangeRefusal | undefined {
  const lags = (id: NodeId): boolean => {
    const peer = peers.get(id);
    return peer === undefined || !isCaughtUp(state, peer);
  };
  if (promoted.some(lags)) return "notCaughtUp";
  const isQuorumAlive = isQuorum(planned, (id) => id === state.id || isAlive(state, peers.get(id)));
  return isQuorumAlive ? undefined : "quorumNotAlive";
}

function appendConfiguration(
  state: ConsensusState,
  leadership: Leadership,
  configuration: Configuration,
): void {
  const { log, term } = state;
  const data = encodeConfiguration(configuration);
  const entry = { index: log.lastIndex + 1, term, type: "config", data } as const;
  leadership.uncommittedBytes += entrySizeBytes(entry);
  log.append(entry);
  for (const id of membersOf(configuration)) {
    if (id !== state.id && !leadership.peers.has(id)) {
      leadership.peers.set(id, newProgress(state, id, entry.index));
    }
  }
  // What waits for a member that has no say any more is committed along with this entry. Reads have no entry.
  confirmReads(state, leadership);
}

/**
 * Its removal is committed, so this node has led for the last time (dissertation 4.2.2). Whoever holds most
 * need not wait for an election timeout.
 */
function retire(state: ConsensusState, { peers }: Leadership): void {
  const { id: from, term, log, outbox } = state;
  const voters = [...peers.values()].filter((peer) => isVoter(log.configuration, peer.id));
  const [best] = voters.sort((a, b) => b.matchIndex - a.matchIndex || a.id - b.id);
  if (best !== undefined) outbox.send({ type: "timeoutNow", from, to: best.id, term });
  becomeFollower(state, term, NO_NODE);
}
