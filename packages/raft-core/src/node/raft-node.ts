/**
 * The loop that drives the pure core: it ticks, carries messages, writes the log, feeds the state machine and
 * moves snapshots, and it is the only place that calls {@link Raft}.
 */
import type { IncomingSnapshot } from "../contracts.ts";
import { type RaftEvent, Raft, type Ready, type SnapshotDecision } from "../core/raft.ts";
import type { Entry, Message, NodeId, SnapshotMeta } from "../types.ts";
import { AppendPipeline } from "./append-pipeline.ts";
import { ApplyPipeline } from "./apply-pipeline.ts";
import { Compaction } from "./compaction.ts";
import { asError, NodeStoppedError, NotLeaderError, TransferFailedError } from "./errors.ts";
import type { RaftNodeEvent } from "./events.ts";
import { IncomingSnapshots } from "./incoming-snapshots.ts";
import { Leadership } from "./leadership.ts";
import { type RaftNodeOptions, type ResolvedOptions, resolveOptions } from "./options.ts";
import { OutgoingSnapshots } from "./outgoing-snapshots.ts";
import { Proposals, type ProposeOptions } from "./proposals.ts";
import { raftConfigOf } from "./raft-config.ts";
import { Reads } from "./reads.ts";
import { loadAndReconcile, withMembers } from "./restart.ts";
import type { RaftStatus } from "./status.ts";
import { bestTransferTarget, Transfers } from "./transfers.ts";

/** A member of a Raft cluster: one log, one state machine, one place in the network. */
export class RaftNode<Result> {
  readonly #options: ResolvedOptions<Result>;
  readonly #raft: Raft;
  readonly #appends: AppendPipeline;
  readonly #applies: ApplyPipeline<Result>;
  readonly #proposals: Proposals<Result>;
  readonly #reads: Reads;
  readonly #leadership: Leadership;
  readonly #transfers: Transfers;
  readonly #outgoing: OutgoingSnapshots;
  readonly #incoming: IncomingSnapshots;
  readonly #compaction: Compaction;
  #cancelTicks: () => void = () => {};
  /** No turn before the first tick: until then the owner may not hold the node that an event would be about. */
  #begun = false;
  #inbox: Message[] = [];
  #elapsedTicks = 0;
  #turnScheduled = false;
  #state: RaftStatus["state"] = "running";
  #ended: NodeStoppedError | undefined;
  #stopping: Promise<void> | undefined;

  /**
   * Loads the log, makes it fit the state, and takes part from then on. Rejects, having started nothing, with
   * `InvalidOptionError`, `StateBehindLogError`, `FeatureLevelError`, or what the storage or the core refuses.
   */
  static async start<Result>(options: RaftNodeOptions<Result>): Promise<RaftNode<Result>> {
    const resolved = resolveOptions(options);
    const persisted = await loadAndReconcile(resolved);
    const config = raftConfigOf(resolved, resolved.stateMachine.appliedIndex());
    return new RaftNode(resolved, new Raft(config, persisted, resolved.random));
  }

  private constructor(options: ResolvedOptions<Result>, raft: Raft) {
    const { clock, stateMachine, storage, transport } = options;
    const emit = (event: RaftNodeEvent): void => this.#emit(event);
    const onFailed = (error: unknown): void => this.#fail(error);
    const complete = (meta: SnapshotMeta): SnapshotMeta => withMembers(meta, raft.configuration);
    this.#options = options;
    this.#raft = raft;
    this.#appends = new AppendPipeline(storage, {
      onDurable: (readyId) => this.#onDurable(readyId),
      send: (messages) => transport.send(messages),
      onFailed,
    });
    this.#applies = new ApplyPipeline(stateMachine, {
      maxEntries: options.maxApplyEntries,
      maxBytes: options.maxApplyBytes,
      onApplied: (entries, results) => this.#onApplied(entries, results),
      onFailed,
    });
    this.#proposals = new Proposals(options);
    this.#reads = new Reads(options.maxPendingReads);
    this.#leadership = new Leadership(emit);
    this.#transfers = new Transfers(options.id, clock, 3 * options.electionTimeoutMs.max);
    this.#outgoing = new OutgoingSnapshots({
      stateMachine,
      transport,
      clock,
      retryMs: options.snapshotRetryMs,
      complete,
      onEnded: (to, meta) => this.#call(() => raft.snapshotSent(to, meta)),
      emit,
    });
    this.#incoming = new IncomingSnapshots({
      stateMachine,
      clock,
      stallMs: options.snapshotStallMs,
      featureLevel: options.featureLevel,
      decide: (incoming) => this.#decideSnapshot(incoming),
      applyIdle: () => this.#applies.idle(),
      resetLog: async (meta) => void (await this.#appends.run(() => storage.reset(meta))),
      onInstalled: (meta) => this.#onSnapshotInstalled(meta),
      onNotInstalled: () => this.#call(() => raft.snapshotFailed()),
      onRefused: ({ from }, error) => this.#emit({ type: "snapshotRefused", from, error }),
      onFatal: onFailed,
    });
    this.#compaction = new Compaction(options, {
      extent: () => raft.status(),
      entries: (from, limit) => raft.entries(from, limit),
      termAt: (index) => raft.termAt(index),
      durable: () => complete(stateMachine.durable()),
      heldIndex: () => this.#outgoing.heldIndex(),
      abortSnapshots: () => this.#outgoing.abortAll(new Error("The log passed logHardBytes; it cannot wait for this snapshot.")),
      compact: (meta) => this.#compact(meta),
    });
    this.#begin();
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
  async propose(data: Uint8Array, options: ProposeOptions = {}): Promise<Result> {
    this.#refuseUnlessLeader();
    const result = this.#proposals.submit(data, options);
    this.#wake();
    return result;
  }

  /**
   * Resolves once the state here holds every write acknowledged, by any node, before this call. Rejects with
   * `NotLeaderError` on a node that does not lead, or loses leadership first; reading elsewhere is then safe.
   */
  async linearizableRead(): Promise<void> {
    this.#refuseUnlessLeader();
    const read = this.#reads.submit();
    this.#wake();
    return read;
  }

  /**
   * Hands leadership to `to`, or to the voter that lacks least, and resolves with whoever leads next.
   * Proposals wait meanwhile. Rejects with `NotLeaderError`, `TransferTargetError` or `TransferFailedError`;
   * after a failure this node leads on, unless it lost leadership for another reason.
   */
  async transferLeadership(to?: NodeId): Promise<NodeId> {
    this.#refuseUnlessLeader();
    const target = to ?? bestTransferTarget(this.#raft.status());
    if (target === undefined) throw new TransferFailedError("No other voter was heard from. Start one, then try again.");
    const transfer = this.#transfers.begin(target, (id) => this.#raft.transferLeadership(id));
    this.#wake();
    return transfer;
  }

  status(): RaftStatus {
    return {
      ...this.#raft.status(),
      state: this.#state,
      leaderReady: this.#leadership.ready,
      inflightProposals: this.#proposals.inflight,
      inflightProposalBytes: this.#proposals.inflightBytes,
      pendingReads: this.#reads.pending,
      pendingWrites: this.#appends.pendingWrites,
      snapshotsSending: this.#outgoing.active,
    };
  }

  /** Entries held in memory, from `from` on, at most `limit`; older ones were compacted. */
  entries(from: number, limit: number): readonly Entry[] {
    return this.#raft.entries(from, limit);
  }

  /**
   * Takes part no longer: releases the timers, ends every pending call, and resolves when storage, state
   * machine and snapshots have answered what was under way. They are the caller's to close afterwards.
   * Calling it again gives the same promise. To spare the cluster an election, transfer leadership first.
   */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  #begin(): void {
    const { transport, clock, tickMs } = this.#options;
    transport.onMessages((messages) => this.#receive(messages));
    transport.onSnapshot((incoming) => this.#incoming.receive(incoming));
    this.#cancelTicks = clock.every(tickMs, () => {
      if (!this.#begun) this.#firstTick();
      this.#elapsedTicks++;
      this.#wake();
    });
  }

  /** A node that votes alone need not wait for a leader that cannot exist. */
  #firstTick(): void {
    this.#begun = true;
    const { voters, votersOutgoing } = this.#raft.configuration;
    const isAlone = voters.length === 1 && voters[0] === this.#options.id && votersOutgoing.length === 0;
    if (isAlone) this.#call(() => this.#raft.campaign());
  }

  #receive(messages: readonly Message[]): void {
    if (this.#ended !== undefined) return;
    for (const message of messages) this.#inbox.push(message);
    this.#wake();
  }

  /** One turn per microtask, however many things happened: this is what groups work. */
  #wake(): void {
    if (this.#turnScheduled || !this.#begun || this.#ended !== undefined) return;
    this.#turnScheduled = true;
    queueMicrotask(() => {
      this.#turnScheduled = false;
      this.#turn();
    });
  }

  #turn(): void {
    try {
      this.#takeInput();
      do this.#feed();
      while (this.#carryOut());
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Messages go before ticks, so that a loop that was held up does not mistake its own delay for silence. */
  #takeInput(): void {
    if (this.#ended !== undefined) return;
    const inbox = this.#inbox;
    this.#inbox = [];
    for (const message of inbox) this.#raft.step(message);
    for (; this.#elapsedTicks > 0; this.#elapsedTicks--) this.#raft.tick();
  }

  /** Hands the core what waits for it, as far as the disk keeps up: what has to wait is written together. */
  #feed(): void {
    if (this.#ended !== undefined) return;
    const { leader, role } = this.#raft;
    if (role !== "leader") {
      this.#proposals.rejectQueued(() => new NotLeaderError(leader));
      this.#reads.rejectWaiting(leader);
      return;
    }
    if (this.#appends.pendingWrites < this.#options.maxPendingWrites) this.#proposeNext();
    this.#reads.flush((context) => this.#raft.readIndex(context));
  }

  #proposeNext(): void {
    let batch = this.#proposals.next(this.#options.maxWriteBytes);
    if (batch.length === 0) return;
    let outcome = this.#raft.propose(batch);
    if (!outcome.accepted && outcome.reason === "tooMuchUncommitted" && batch.length > 1) {
      batch = batch.slice(0, 1);
      outcome = this.#raft.propose(batch);
    }
    // Refused during a transfer or for want of room: they wait, and go on or end when that is over.
    if (outcome.accepted) this.#proposals.taken(batch.length, outcome.firstIndex, outcome.term);
  }

  /** Does what the core wants done; false when it wanted nothing. */
  #carryOut(): boolean {
    let any = false;
    for (let ready = this.#next(); ready !== undefined; ready = this.#next()) {
      any = true;
      this.#handle(ready);
    }
    return any;
  }

  #next(): Ready | undefined {
    return this.#ended === undefined ? this.#raft.ready() : undefined;
  }

  #handle(ready: Ready): void {
    if (ready.messages.length > 0) this.#options.transport.send(ready.messages);
    this.#appends.push(ready.id, ready.append, ready.messagesAfterAppend);
    for (const event of ready.events) this.#observe(event);
    for (const proposal of ready.dropped) this.#proposals.dropped(proposal);
    for (const read of ready.readStates) this.#reads.confirmed(read);
    for (const read of ready.droppedReads) this.#reads.dropped(read);
    if (ready.readStates.length > 0) this.#reads.applied(this.#raft.status().appliedIndex);
    this.#applies.push(ready.committed);
    for (const request of ready.snapshotRequests) this.#outgoing.send(request);
  }

  #observe(event: RaftEvent): void {
    this.#leadership.observe(event);
    this.#transfers.observe(event);
    if (event.type === "leaderChanged") this.#emit({ type: "leaderChanged", leader: event.leader, term: event.term });
    if (event.type === "roleChanged" && event.previous === "leader") {
      this.#outgoing.end(new NotLeaderError(this.#raft.leader));
    }
  }

  #onDurable(readyId: number): void {
    this.#raft.appended(readyId);
    this.#wake();
  }

  #onApplied(entries: readonly Entry[], results: readonly Result[]): void {
    for (const [position, result] of results.entries()) {
      const entry = entries[position];
      if (entry !== undefined) this.#proposals.applied(entry, result);
    }
    const appliedIndex = entries[entries.length - 1]?.index ?? 0;
    this.#raft.applied(appliedIndex);
    this.#reads.applied(appliedIndex);
    this.#leadership.applied(appliedIndex, this.#raft.role === "leader" ? this.#raft.term : undefined);
    this.#compaction.run();
    this.#wake();
  }

  #decideSnapshot({ from, term, meta }: IncomingSnapshot): SnapshotDecision {
    const request = { type: "snapshotRequest", from, to: this.#options.id, term, snapshot: meta } as const;
    let decision: SnapshotDecision = { install: false, reason: "busy" };
    this.#call(() => {
      decision = this.#raft.receiveSnapshot(request);
    });
    return decision;
  }

  #onSnapshotInstalled(meta: SnapshotMeta): void {
    this.#call(() => {
      this.#raft.snapshotInstalled(meta);
      this.#proposals.passed(meta.index);
      this.#reads.applied(meta.index);
      this.#emit({ type: "snapshotInstalled", meta });
    });
  }

  #compact(meta: SnapshotMeta): boolean {
    if (!this.#raft.compact(meta)) return false;
    void this.#appends.run(
      () => this.#options.storage.compact(meta),
      () => this.#emit({ type: "logCompacted", meta }),
    );
    return true;
  }

  /** Calls the core from outside a turn. */
  #call(action: () => void): void {
    if (this.#ended !== undefined) return;
    try {
      action();
    } catch (error) {
      this.#fail(error);
    }
    this.#wake();
  }

  #refuseUnlessLeader(): void {
    if (this.#ended !== undefined) throw this.#ended;
    if (this.#raft.role !== "leader") throw new NotLeaderError(this.#raft.leader);
  }

  /** Never acknowledges again (G19). */
  #fail(thrown: unknown): void {
    if (this.#ended !== undefined) return;
    const error = asError(thrown);
    this.#end("failed", new NodeStoppedError("This node failed and will never acknowledge again. Restart it.", { cause: error }));
    this.#emit({ type: "fatal", error });
  }

  async #stop(): Promise<void> {
    if (this.#ended === undefined) this.#end("stopped", new NodeStoppedError("This node was stopped."));
    await Promise.all([this.#appends.idle(), this.#applies.idle(), this.#outgoing.idle(), this.#incoming.idle()]);
  }

  #end(state: "failed" | "stopped", reason: NodeStoppedError): void {
    this.#state = state;
    this.#ended = reason;
    this.#inbox = [];
    this.#cancelTicks();
    this.#appends.halt();
    this.#applies.halt();
    this.#leadership.end();
    this.#outgoing.end(reason);
    this.#incoming.halt(reason);
    this.#proposals.rejectAll(reason);
    this.#reads.rejectAll(reason);
    this.#transfers.rejectAll(reason);
  }

  /** A listener that throws is a bug of its owner: it surfaces as such, and does not tear the loop. */
  #emit(event: RaftNodeEvent): void {
    try {
      this.#options.onEvent?.(event);
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  }
}
