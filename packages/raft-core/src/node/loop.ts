import type { RaftEvent, Raft, Ready } from "../core/raft.ts";
import { type Entry, type Message, NO_NODE, type SnapshotMeta } from "../types.ts";
import { AppendPipeline } from "./append-pipeline.ts";
import { ApplyPipeline } from "./apply-pipeline.ts";
import { asError, NodeStoppedError, NotLeaderError } from "./errors.ts";
import type { RaftNodeEvent } from "./events.ts";
import { Leadership } from "./leadership.ts";
import { MembershipChanges } from "./membership.ts";
import type { ResolvedOptions } from "./options.ts";
import { Proposals } from "./proposals.ts";
import { Reads } from "./reads.ts";
import { Snapshots } from "./snapshots.ts";
import { StateLoss } from "./state-loss.ts";
import { Transfers } from "./transfers.ts";

/** A forwarded read whose question or answer is lost more often than this ends: perhaps only one direction works. */
const MAX_FORWARD_RETRIES = 3;

/**
 * The loop that drives the pure core: it ticks, carries messages, writes the log, feeds the state machine and
 * moves snapshots. However many things happen, there is one turn per microtask: that is what groups work.
 */
export class Loop<Result> {
  readonly raft: Raft;
  readonly proposals: Proposals<Result>;
  /** Reads that are refused when this node does not lead. */
  readonly reads: Reads;
  /** Reads that are passed to whoever leads. */
  readonly forwardedReads: Reads;
  readonly membership: MembershipChanges = new MembershipChanges();
  readonly leadership: Leadership;
  readonly transfers: Transfers;
  readonly appends: AppendPipeline;
  readonly snapshots: Snapshots;
  readonly #stateLoss: StateLoss;
  readonly #applies: ApplyPipeline<Result>;
  readonly #options: ResolvedOptions<Result>;
  #cancelTicks: () => void = () => {};
  #inbox: Message[] = [];
  #elapsedTicks = 0;
  #turnScheduled = false;
  /** No turn before the first tick: until then the owner may not hold the node that an event would be about. */
  #begun = false;
  #ended: NodeStoppedError | undefined;
  #failed = false;

  constructor(options: ResolvedOptions<Result>, raft: Raft) {
    const { clock, stateMachine, storage, transport } = options;
    const onFailed = (error: unknown): void => this.#fail(error);
    const emit = (event: RaftNodeEvent): void => this.#emit(event);
    this.#options = options;
    this.raft = raft;
    this.proposals = new Proposals(options);
    const maxPending = options.maxPendingReads;
    this.reads = new Reads({ maxPending });
    this.forwardedReads = new Reads({ maxPending, maxRetries: MAX_FORWARD_RETRIES, firstContext: -1 });
    this.leadership = new Leadership(emit);
    this.transfers = new Transfers(options.id, clock, 3 * options.electionTimeoutMs.max);
    this.appends = new AppendPipeline(storage, {
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
    this.#stateLoss = new StateLoss({ clock, status: () => raft.status(), emit });
    this.snapshots = new Snapshots({
      options,
      raft,
      appends: this.appends,
      applyIdle: () => this.#applies.idle(),
      call: (action) => this.#call(action),
      onInstalled: (meta) => this.#onSnapshotInstalled(meta),
      onFatal: onFailed,
      emit,
    });
  }

  /** Why the loop ended, if it did. */
  get ended(): NodeStoppedError | undefined {
    return this.#ended;
  }

  get state(): "running" | "failed" | "stopped" {
    if (this.#ended === undefined) return "running";
    return this.#failed ? "failed" : "stopped";
  }

  begin(): void {
    const { transport, clock, tickMs } = this.#options;
    transport.onMessages((messages) => this.#receive(messages));
    transport.onSnapshot((incoming) => this.snapshots.receive(incoming));
    this.#cancelTicks = clock.every(tickMs, () => {
      if (!this.#begun) this.#firstTick();
      this.#elapsedTicks++;
      this.wake();
    });
  }

  /** Asks for a turn. */
  wake(): void {
    if (this.#turnScheduled || !this.#begun || this.#ended !== undefined) return;
    this.#turnScheduled = true;
    queueMicrotask(() => {
      this.#turnScheduled = false;
      this.#turn();
    });
  }

  /** Ends the loop if it runs, and resolves when nothing is under way any more. */
  async stop(): Promise<void> {
    this.#end(new NodeStoppedError("This node was stopped."));
    await Promise.all([this.appends.idle(), this.#applies.idle(), this.snapshots.idle()]);
  }

  /** A node that votes alone need not wait for a leader that cannot exist. */
  #firstTick(): void {
    this.#begun = true;
    this.#stateLoss.begin();
    const { voters, votersOutgoing } = this.raft.configuration;
    const isAlone = voters.length === 1 && voters[0] === this.#options.id && votersOutgoing.length === 0;
    if (isAlone) this.#call(() => this.raft.campaign());
  }

  #receive(messages: readonly Message[]): void {
    if (this.#ended !== undefined) return;
    for (const message of messages) this.#inbox.push(message);
    this.wake();
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
    for (const message of inbox) this.raft.step(message);
    for (; this.#elapsedTicks > 0; this.#elapsedTicks--) this.raft.tick();
  }

  /** Hands the core what waits for it, as far as the disk keeps up: what has to wait is written together. */
  #feed(): void {
    if (this.#ended !== undefined) return;
    const { leader, role } = this.raft;
    if (leader === NO_NODE) this.forwardedReads.rejectWaiting(leader);
    else this.forwardedReads.flush((context) => this.raft.readIndex(context));
    if (role !== "leader") {
      this.proposals.rejectQueued(() => new NotLeaderError(leader));
      this.reads.rejectWaiting(leader);
      return;
    }
    if (this.appends.pendingWrites < this.#options.maxPendingWrites) this.#proposeNext();
    this.reads.flush((context) => this.raft.readIndex(context));
  }

  #proposeNext(): void {
    let batch = this.proposals.next(this.#options.maxWriteBytes);
    if (batch.length === 0) return;
    let outcome = this.raft.propose(batch);
    if (!outcome.accepted && outcome.reason === "tooMuchUncommitted" && batch.length > 1) {
      batch = batch.slice(0, 1);
      outcome = this.raft.propose(batch);
    }
    // Refused during a transfer or for want of room: they wait, and go on or end when that is over.
    if (outcome.accepted) this.proposals.taken(batch.length, outcome.firstIndex, outcome.term);
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
    return this.#ended === undefined ? this.raft.ready() : undefined;
  }

  #handle(ready: Ready): void {
    if (ready.messages.length > 0) this.#options.transport.send(ready.messages);
    this.appends.push(ready.id, ready.append, ready.messagesAfterAppend);
    for (const event of ready.events) this.#observe(event);
    for (const proposal of ready.dropped) {
      this.proposals.dropped(proposal);
      this.membership.dropped(proposal);
    }
    for (const read of ready.readStates) this.#readsOf(read).confirmed(read);
    for (const read of ready.droppedReads) this.#readsOf(read).dropped(read, this.raft.leader);
    if (ready.readStates.length > 0) this.#serveReads(this.raft.status().appliedIndex);
    this.#applies.push(ready.committed);
    for (const request of ready.snapshotRequests) this.snapshots.send(request);
  }

  #readsOf({ context }: { readonly context: number }): Reads {
    return context > 0 ? this.reads : this.forwardedReads;
  }

  #serveReads(appliedIndex: number): void {
    this.reads.applied(appliedIndex);
    this.forwardedReads.applied(appliedIndex);
  }

  #observe(event: RaftEvent): void {
    this.leadership.observe(event);
    this.transfers.observe(event);
    if (event.type === "leaderChanged")
      this.#emit({ type: "leaderChanged", leader: event.leader, term: event.term });
    if (event.type === "configurationChanged")
      this.#emit({ type: "membershipChanged", configuration: event.configuration });
    if (event.type === "roleChanged" && event.previous === "leader") {
      this.snapshots.endSending(new NotLeaderError(this.raft.leader));
    }
  }

  #onDurable(readyId: number): void {
    this.raft.appended(readyId);
    this.wake();
  }

  #onApplied(entries: readonly Entry[], results: readonly Result[]): void {
    for (const [position, result] of results.entries()) {
      const entry = entries[position];
      if (entry !== undefined) this.proposals.applied(entry, result);
    }
    for (const entry of entries) this.membership.applied(entry);
    const appliedIndex = entries[entries.length - 1]?.index ?? 0;
    this.raft.applied(appliedIndex);
    this.#serveReads(appliedIndex);
    this.leadership.applied(appliedIndex, this.raft.role === "leader" ? this.raft.term : undefined);
    this.snapshots.compactIfDue();
    this.wake();
  }

  #onSnapshotInstalled(meta: SnapshotMeta): void {
    this.#call(() => {
      this.raft.snapshotInstalled(meta);
      this.#stateLoss.end();
      this.proposals.passed(meta.index);
      this.membership.passed(meta);
      this.#serveReads(meta.index);
      this.#emit({ type: "snapshotInstalled", meta });
    });
  }

  /** Calls the core from outside a turn. */
  #call(action: () => void): void {
    if (this.#ended !== undefined) return;
    try {
      action();
    } catch (error) {
      this.#fail(error);
    }
    this.wake();
  }

  /** Never acknowledges again (G19). */
  #fail(thrown: unknown): void {
    if (this.#ended !== undefined) return;
    const error = asError(thrown);
    this.#failed = true;
    this.#end(
      new NodeStoppedError("This node failed and will never acknowledge again. Restart it.", {
        cause: error,
      }),
    );
    this.#emit({ type: "fatal", error });
  }

  #end(reason: NodeStoppedError): void {
    if (this.#ended !== undefined) return;
    this.#ended = reason;
    this.#inbox = [];
    this.#cancelTicks();
    this.#stateLoss.end();
    this.appends.halt();
    this.#applies.halt();
    this.leadership.end();
    this.snapshots.halt(reason);
    this.proposals.rejectAll(reason);
    this.membership.rejectAll(reason);
    this.reads.rejectAll(reason);
    this.forwardedReads.rejectAll(reason);
    this.transfers.rejectAll(reason);
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
