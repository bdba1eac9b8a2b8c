import type { Raft, RaftEvent, Ready } from "../core/raft.ts";
import type { Entry, Message, SnapshotMeta } from "../types.ts";
import { AppendPipeline } from "./append-pipeline.ts";
import { ApplyPipeline } from "./apply-pipeline.ts";
import type { Calls } from "./calls.ts";
import { type NodeStoppedError, NotLeaderError } from "./errors.ts";
import type { RaftNodeEvent } from "./events.ts";
import { Leadership } from "./leadership.ts";
import type { Meter } from "./meter.ts";
import type { ResolvedOptions } from "./options.ts";
import { Snapshots } from "./snapshots.ts";
import { StateLoss } from "./state-loss.ts";

export interface OutputParts<Result> {
  readonly options: ResolvedOptions<Result>;
  readonly raft: Raft;
  readonly calls: Calls<Result>;
  readonly meter: Meter;
  /** Asks for a turn of the loop. */
  wake(): void;
  /** Calls the core from outside a turn; a throw is fatal. */
  call(action: () => void): void;
  /** Ends the node for good (G19). */
  fail(error: unknown): void;
  emit(event: RaftNodeEvent): void;
}

/**
 * Carries out what the core wants done, in the order of the caller's duties (core/raft.ts): messages, log writes,
 * answers to callers, entries to apply, snapshots. And tells the core, and the owner, when it is done.
 */
export class Output<Result> {
  readonly leadership: Leadership;
  readonly appends: AppendPipeline;
  readonly snapshots: Snapshots;
  readonly #parts: OutputParts<Result>;
  readonly #applies: ApplyPipeline<Result>;
  readonly #stateLoss: StateLoss;

  constructor(parts: OutputParts<Result>) {
    this.#parts = parts;
    const { options, raft, meter, call, emit, fail } = parts;
    const { clock, stateMachine, storage } = options;
    this.leadership = new Leadership(emit);
    this.#stateLoss = new StateLoss({ clock, status: () => raft.status(), emit });
    this.appends = new AppendPipeline(
      storage,
      {
        onDurable: (readyId) => this.#onDurable(readyId),
        send: (messages) => this.#send(messages),
        onFailed: fail,
      },
      meter,
    );
    this.#applies = new ApplyPipeline(
      stateMachine,
      {
        maxEntries: options.maxApplyEntries,
        maxBytes: options.maxApplyBytes,
        onApplied: (entries, results) => this.#onApplied(entries, results),
        onFailed: fail,
      },
      meter,
    );
    this.snapshots = new Snapshots({
      options,
      raft,
      appends: this.appends,
      meter,
      applyIdle: () => this.#applies.idle(),
      call,
      onInstalled: (meta) => this.#onSnapshotInstalled(meta),
      onFatal: fail,
      emit,
    });
  }

  begin(): void {
    this.#stateLoss.begin();
  }

  carryOut(ready: Ready): void {
    const { calls, meter } = this.#parts;
    if (ready.messages.length > 0) this.#send(ready.messages);
    this.appends.push(ready.id, ready.append, ready.messagesAfterAppend);
    for (const event of ready.events) this.#observe(event);
    calls.settle(ready);
    this.#applies.push(ready.committed);
    for (const request of ready.snapshotRequests) {
      meter.snapshotBegan(request.to);
      this.snapshots.send(request);
    }
  }

  /** Begins nothing more, and says nothing about what is under way. */
  halt(reason: NodeStoppedError): void {
    this.#stateLoss.end();
    this.appends.halt();
    this.#applies.halt();
    this.leadership.end();
    this.snapshots.halt(reason);
  }

  /** Resolves when storage, state machine and snapshots have answered what was under way. */
  async idle(): Promise<void> {
    await Promise.all([this.appends.idle(), this.#applies.idle(), this.snapshots.idle()]);
  }

  #send(messages: readonly Message[]): void {
    this.#parts.meter.messagesSent(messages);
    this.#parts.options.transport.send(messages);
  }

  #observe(event: RaftEvent): void {
    const { calls, emit, meter, raft } = this.#parts;
    meter.observe(event);
    this.leadership.observe(event);
    calls.observe(event);
    if (event.type === "leaderChanged")
      emit({ type: "leaderChanged", leader: event.leader, term: event.term });
    if (event.type === "configurationChanged")
      emit({ type: "membershipChanged", configuration: event.configuration });
    if (event.type === "roleChanged" && event.previous === "leader")
      this.snapshots.endSending(new NotLeaderError(raft.leader));
  }

  #onDurable(readyId: number): void {
    this.#parts.raft.appended(readyId);
    this.#parts.wake();
  }

  #onApplied(entries: readonly Entry[], results: readonly Result[]): void {
    const { calls, raft } = this.#parts;
    calls.applied(entries, results);
    const appliedIndex = entries[entries.length - 1]?.index ?? 0;
    raft.applied(appliedIndex);
    calls.serveReads(appliedIndex);
    this.leadership.applied(appliedIndex, raft.role === "leader" ? raft.term : undefined);
    this.snapshots.compactIfDue();
    this.#parts.wake();
  }

  #onSnapshotInstalled(meta: SnapshotMeta): void {
    const { calls, call, emit, raft } = this.#parts;
    call(() => {
      raft.snapshotInstalled(meta);
      this.#stateLoss.end();
      calls.passed(meta);
      emit({ type: "snapshotInstalled", meta });
    });
  }
}
