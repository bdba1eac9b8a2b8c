/**
 * Raft as a pure state machine: the consensus rules without clock, disk or network.
 *
 * The caller's duties. After every call of any method, take `ready()` until it is undefined
 * (or do so once after a batch of calls: that is how work is grouped), and for each one:
 *   1. send `messages` at once; they may travel before anything is durable;
 *   2. make `append` durable, in the order of ids, then call `appended(id)`; several may be under way;
 *   3. send `messagesAfterAppend` only when this append and all earlier ones are durable;
 *   4. hand `committed` to the state machine, in order, then call `applied(index)`;
 *   5. stop for good when an append fails: nothing may be acknowledged any more;
 *   6. for each of `snapshotRequests`, send a snapshot of the state machine and call `snapshotSent`.
 * Break 2 or 3 and a crash can lose an acknowledged entry (Raft paper, figure 2). Everything is
 * synchronous and deterministic: the same calls and the same `random` give the same outcome.
 *
 * A snapshot arriving (its bytes travel on a stream of their own):
 *   1. `receiveSnapshot(header)`; unless `install` is true, refuse the stream, and take the next ready;
 *   2. wait until all `committed` handed out so far are applied; none are handed out from here on;
 *   3. restore the state machine, then call the storage's `reset(meta)`, or `compact(meta)` if `keepsLog`, in
 *      order with its appends;
 *   4. `snapshotInstalled(meta)`; or, if 2 or 3's restore failed with the old state intact,
 *      `snapshotFailed()`. In between the log stands still and this node does not campaign, so a
 *      stream that stalls must be timed out by the caller.
 *
 * @example
 * const raft = new Raft({ id: 1 }, emptyState({ voters: [1], votersOutgoing: [], learners: [] }), seededRandom(7));
 * for (let i = 0; i < 30; i++) raft.tick();   // campaigns; elected once its own vote is durable
 */
import type {
  Configuration,
  Entry,
  Message,
  NodeId,
  PersistedState,
  Role,
  SnapshotMeta,
  SnapshotRequest,
} from "../types.ts";
import { buildReady } from "./build-ready.ts";
import { commitByQuorum } from "./commit.ts";
import { resolveConfig, type RaftConfig } from "./config.ts";
import { ConsensusState } from "./consensus-state.ts";
import { campaign, ownVoteStable } from "./election.ts";
import { invariant } from "./errors.ts";
import { snapshotSent } from "./leader-replication.ts";
import { proposeChange } from "./membership-change.ts";
import type {
  ConfChange,
  ProposeOutcome,
  ReadOutcome,
  SnapshotDecision,
  TransferOutcome,
} from "./outcomes.ts";
import { appendProposals } from "./proposals.ts";
import { askRead } from "./reads.ts";
import type { Ready } from "./ready.ts";
import { decideSnapshot, finishInstall } from "./snapshot-install.ts";
import { describeStatus, type Status } from "./status.ts";
import { admitHigherTerm, answerFromLaterTerm, followLeader, stepMessage } from "./step.ts";
import { tick } from "./tick.ts";
import { beginTransfer, sendTimeoutNowIfReady } from "./transfer.ts";

export type { LeaseConfig, RaftConfig } from "./config.ts";
export type * from "./outcomes.ts";
export type * from "./ready.ts";
export type { PeerStatus, ProgressState, Status } from "./status.ts";
export { RaftConfigError, RaftInvariantError, RaftStateError } from "./errors.ts";

/** One member's consensus state. */
export class Raft {
  readonly #state: ConsensusState;

  /**
   * `persisted` is what the storage holds; `random` gives numbers in [0, 1), for the timeouts.
   * Throws {@link RaftConfigError} or {@link RaftStateError}.
   */
  constructor(config: RaftConfig, persisted: PersistedState, random: () => number) {
    this.#state = new ConsensusState(resolveConfig(config), persisted, random);
  }

  /** This node. */
  get id(): NodeId {
    return this.#state.id;
  }

  /** As of the last call. */
  get role(): Role {
    return this.#state.role;
  }

  /** The newest term seen. */
  get term(): number {
    return this.#state.term;
  }

  /** The leader of this term, or 0. */
  get leader(): NodeId {
    return this.#state.leader;
  }

  /** The last entry known to be committed. */
  get commitIndex(): number {
    return this.#state.commitIndex;
  }

  /** As reported by {@link applied}. */
  get appliedIndex(): number {
    return this.#state.appliedIndex;
  }

  /** The oldest entry held; `lastIndex + 1` when the log is empty. */
  get firstIndex(): number {
    return this.#state.log.firstIndex;
  }

  /** The newest entry held, or the snapshot's last when there is none. */
  get lastIndex(): number {
    return this.#state.log.lastIndex;
  }

  /** Bytes of the entries held in memory. */
  get logSizeBytes(): number {
    return this.#state.log.sizeBytes;
  }

  /** In force now: the newest in the log, committed or not. */
  get configuration(): Configuration {
    return this.#state.log.configuration;
  }

  /** One step of time. */
  tick(): void {
    tick(this.#state);
  }

  /** Takes a message from a peer. Anything stale, repeated or out of order is harmless. */
  step(message: Message): void {
    stepMessage(this.#state, message);
  }

  /**
   * Campaigns now instead of waiting for the timeout; for a node that is alone, and for tests. Does nothing while this
   * node may have promised a leader its lease.
   */
  campaign(): void {
    campaign(this.#state, "timeout");
  }

  /** Appends one entry for each element, all or none. The bytes are kept, not copied: do not write to them again. */
  propose(data: readonly Uint8Array[]): ProposeOutcome {
    return appendProposals(this.#state, data);
  }

  /**
   * Changes the membership (dissertation, chapter 4). Accepted, it is in force here at once, and stands once the
   * entry at `firstIndex` is committed; a joint one is over with the next config entry, which the leader adds.
   */
  proposeConfChange(change: ConfChange): ProposeOutcome {
    return proposeChange(this.#state, change);
  }

  /**
   * Asks for an index that a linearizable read must wait for (dissertation 6.4). A follower passes the
   * question to its leader. `context` names the read; no two pending ones may share it.
   */
  readIndex(context: number): ReadOutcome {
    return askRead(this.#state, context);
  }

  /** Hands leadership to a voter once it holds the whole log; proposals are refused meanwhile (dissertation 3.10). */
  transferLeadership(to: NodeId): TransferOutcome {
    return beginTransfer(this.#state, to);
  }

  /** What is to be done since the last call, or undefined. */
  ready(): Ready | undefined {
    return buildReady(this.#state);
  }

  /** All appends up to the ready of this id are durable. */
  appended(readyId: number): void {
    const state = this.#state;
    const { lastIndex, hardState } = state.writes.acknowledge(readyId);
    state.stableIndex = Math.max(state.stableIndex, lastIndex);
    if (hardState !== undefined) {
      state.stableHardState = hardState;
      ownVoteStable(state);
    }
    if (state.leadership === undefined) return;
    commitByQuorum(state, state.leadership);
    sendTimeoutNowIfReady(state, state.leadership);
  }

  /** The state machine holds everything up to `index`. */
  applied(index: number): void {
    const state = this.#state;
    invariant(index <= state.handedIndex, () => `entry ${index} was applied before it was handed out.`);
    state.appliedIndex = Math.max(state.appliedIndex, index);
  }

  /** Whether a snapshot on its way in is to be installed; see the top of this file. */
  receiveSnapshot(request: SnapshotRequest): SnapshotDecision {
    const state = this.#state;
    if (request.term < state.term) {
      answerFromLaterTerm(state, request);
      return { install: false, reason: "staleTerm" };
    }
    if (request.term > state.term) admitHigherTerm(state, request);
    followLeader(state, request.from);
    return decideSnapshot(state, request);
  }

  /** State machine and storage now begin at `meta`: the log is replaced, or cut to what follows, and the leader told. */
  snapshotInstalled(meta: SnapshotMeta): void {
    finishInstall(this.#state, meta);
  }

  /** The snapshot accepted last was not installed; the old state and log stand. */
  snapshotFailed(): void {
    this.#state.installing = undefined;
  }

  /** On a leader: the snapshot asked for was installed by the peer as `meta`, or (undefined) was not. */
  snapshotSent(to: NodeId, meta: SnapshotMeta | undefined): void {
    snapshotSent(this.#state, to, meta);
  }

  /**
   * Forgets entries up to `meta.index`, which a durable snapshot of the state machine covers.
   * False when there is nothing to forget or it is too early (not applied, not durable, a snapshot
   * awaited or being installed): ask again later. Call the storage's `compact(meta)` only when true, with the
   * configuration that {@link configurationAt} gave for this index; a later one may not be committed.
   */
  compact(meta: SnapshotMeta): boolean {
    const { log, stableIndex, appliedIndex, installing } = this.#state;
    const isDue = meta.index >= log.firstIndex && meta.index <= Math.min(stableIndex, appliedIndex);
    if (!isDue || installing !== undefined) return false;
    log.compact({ ...meta, configuration: log.configurationAt(meta.index) ?? meta.configuration });
    return true;
  }

  /** Entries from `from` on, at most `limit` of them and about `maxBytes`, but at least one if there is one. */
  entries(from: number, limit: number, maxBytes: number = Number.POSITIVE_INFINITY): readonly Entry[] {
    return this.#state.log.slice(from, limit, maxBytes);
  }

  /** The term of an entry held, or of the snapshot's last; otherwise undefined. */
  termAt(index: number): number | undefined {
    return this.#state.log.termAt(index);
  }

  /** In force where the log ends at `index`: what belongs into the meta of a snapshot there. Undefined below the log. */
  configurationAt(index: number): Configuration | undefined {
    return this.#state.log.configurationAt(index);
  }

  /** Everything that can be told, as a copy; for operators and metrics, not for each message. */
  status(): Status {
    return describeStatus(this.#state);
  }
}
