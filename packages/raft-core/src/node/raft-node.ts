import { type ConfChange, Raft } from "../core/raft.ts";
import { type Entry, NO_NODE, type NodeId } from "../types.ts";
import { asError, type NodeStoppedError, NotLeaderError, TransferFailedError } from "./errors.ts";
import { Loop } from "./loop.ts";
import type { RaftMetrics } from "./metrics.ts";
import { type RaftNodeOptions, resolveOptions } from "./options.ts";
import type { ProposeOptions } from "./proposals.ts";
import { raftConfigOf } from "./raft-config.ts";
import type { ReadOptions } from "./reads.ts";
import { loadAndReconcile } from "./restart.ts";
import type { RaftStatus } from "./status.ts";
import { bestTransferTarget } from "./transfers.ts";

/** A member of a Raft cluster: one log, one state machine, one place in the network. */
export class RaftNode<Result> {
  readonly #loop: Loop<Result>;
  #stopping: Promise<void> | undefined;

  private constructor(loop: Loop<Result>) {
    this.#loop = loop;
  }

  /**
   * Loads the log, makes it fit the state, and takes part from then on. A state that ends before the log begins is
   * replaced by a leader's; see the event `stateLost`. Rejects, having started nothing, with
   * `InvalidOptionError`, `StateBehindLogError`, `FeatureLevelError`, or what the storage or the core refuses.
   */
  static async start<Result>(options: RaftNodeOptions<Result>): Promise<RaftNode<Result>> {
    const resolved = resolveOptions(options);
    const persisted = await loadAndReconcile(resolved);
    const config = raftConfigOf(resolved, resolved.stateMachine.appliedIndex());
    const loop = new Loop(resolved, new Raft(config, persisted, resolved.random));
    loop.begin();
    return new RaftNode(loop);
  }

  /**
   * Replicates an entry and resolves with the state machine's result for it, after it is applied here. The
   * bytes are kept, not copied: do not write to them again. Ends exactly one way:
   * - resolves: committed and applied;
   * - `NotLeaderError`, `TooManyProposalsError`, `ProposalTooLargeError`, `NodeStoppedError`: never proposed;
   * - `ProposalDroppedError`: known to have no effect, ever;
   * - `ProposalOutcomeUnknownError`: leadership was lost, the node ended or the caller gave up after the log
   *   took it. This is final: should the entry be applied here later, nobody is told.
   */
  // Not async: the promise of the proposal itself is given out, without another one around it.
  propose(data: Uint8Array, options: ProposeOptions = {}): Promise<Result> {
    try {
      const { proposals } = this.#loop.calls;
      const refusal = this.#refusal();
      if (refusal !== undefined) throw proposals.refused(refusal, data.length);
      const result = proposals.submit(data, options);
      this.#loop.wake();
      return result;
    } catch (error) {
      return Promise.reject(asError(error));
    }
  }

  /**
   * Resolves once the state here holds every write acknowledged, by any node, before this call. Rejects with
   * `NotLeaderError` on a node that does not lead, or loses leadership first; reading elsewhere is then safe.
   * With `forward`, such a node asks its leader instead, and rejects when none is known or it does not answer.
   */
  async linearizableRead({ forward = false }: ReadOptions = {}): Promise<void> {
    const reads = forward ? this.#loop.calls.forwardedReads : this.#loop.calls.reads;
    const refusal = forward ? this.#forwardRefusal() : this.#refusal();
    if (refusal !== undefined) throw reads.refused(refusal);
    const read = reads.submit();
    this.#loop.wake();
    return read;
  }

  /**
   * Adds, promotes or removes members, one or several at once (dissertation, chapter 4), and resolves once that
   * is committed and applied here, a joint configuration left. A new node must run, and be reachable, before it
   * gets a vote: add it as a learner first. Rejects with `NotLeaderError`, `MembershipBusyError` or
   * `MembershipRefusedError`: nothing was changed; with `ProposalDroppedError`: it never will be; with
   * `ProposalOutcomeUnknownError`: see `status().configuration` on the next leader. A leader may remove
   * itself: it leads until that is committed, then another takes over. Stop a node after it was removed.
   */
  async changeMembership(change: ConfChange): Promise<void> {
    this.#refuseUnlessLeader();
    const changed = this.#loop.calls.membership.begin(change, (wish) =>
      this.#loop.raft.proposeConfChange(wish),
    );
    this.#loop.wake();
    return changed;
  }

  /**
   * Hands leadership to `to`, or to the voter that lacks least, and resolves with whoever leads next.
   * Proposals wait meanwhile. Rejects with `NotLeaderError`, `TransferTargetError` or `TransferFailedError`;
   * after a failure this node leads on, unless it lost leadership for another reason.
   */
  async transferLeadership(to?: NodeId): Promise<NodeId> {
    this.#refuseUnlessLeader();
    const target = to ?? bestTransferTarget(this.#loop.raft.status());
    if (target === undefined)
      throw new TransferFailedError("No other voter was heard from. Start one, then try again.");
    const transfer = this.#loop.calls.transfers.begin(target, (id) => this.#loop.raft.transferLeadership(id));
    this.#loop.wake();
    return transfer;
  }

  /** Where this node stands now, as a copy; also after it ended. */
  status(): RaftStatus {
    return {
      ...this.#loop.raft.status(),
      state: this.#loop.state,
      leaderReady: this.#loop.output.leadership.ready,
      inflightProposals: this.#loop.calls.proposals.inflight,
      inflightProposalBytes: this.#loop.calls.proposals.inflightBytes,
      pendingReads: this.#loop.calls.reads.pending + this.#loop.calls.forwardedReads.pending,
      pendingWrites: this.#loop.output.appends.pendingWrites,
      snapshotsSending: this.#loop.output.snapshots.sending,
    };
  }

  /** What happened here since the start, counted. For how long things take, give an `observer`. */
  metrics(): RaftMetrics {
    return this.#loop.meter.metrics();
  }

  /** Entries held in memory, from `from` on, at most `limit`; older ones were compacted. */
  entries(from: number, limit: number): readonly Entry[] {
    return this.#loop.raft.entries(from, limit);
  }

  /**
   * Takes part no longer: releases the timers, ends every pending call, and resolves when storage, state
   * machine and snapshots have answered what was under way. They are the caller's to close afterwards.
   * Calling it again gives the same promise. To spare the cluster an election, transfer leadership first.
   */
  stop(): Promise<void> {
    this.#stopping ??= this.#loop.stop();
    return this.#stopping;
  }

  #refuseUnlessLeader(): void {
    const refusal = this.#refusal();
    if (refusal !== undefined) throw refusal;
  }

  /** Why nothing can be asked of this node, unless it leads. */
  #refusal(): NodeStoppedError | NotLeaderError | undefined {
    const { ended, raft } = this.#loop;
    return ended ?? (raft.role === "leader" ? undefined : new NotLeaderError(raft.leader));
  }

  /** Why nothing can be passed to whoever leads. */
  #forwardRefusal(): NodeStoppedError | NotLeaderError | undefined {
    const { ended, raft } = this.#loop;
    return ended ?? (raft.leader === NO_NODE ? new NotLeaderError(NO_NODE) : undefined);
  }
}
