import type { IncomingSnapshot } from "../contracts.ts";
import type { Raft, SnapshotDecision, SnapshotToSend } from "../core/raft.ts";
import type { SnapshotMeta } from "../types.ts";
import type { AppendPipeline } from "./append-pipeline.ts";
import { Compaction } from "./compaction.ts";
import { SnapshotOutrunError } from "./errors.ts";
import type { RaftNodeEvent } from "./events.ts";
import { IncomingSnapshots } from "./incoming-snapshots.ts";
import type { Meter } from "./meter.ts";
import type { ResolvedOptions } from "./options.ts";
import { OutgoingSnapshots } from "./outgoing-snapshots.ts";
import { PeersCatchingUp } from "./peers-catching-up.ts";
import { withMembers } from "./restart.ts";

export interface SnapshotsParts {
  readonly options: ResolvedOptions<unknown>;
  readonly raft: Raft;
  readonly appends: AppendPipeline;
  readonly meter: Meter;
  /** Resolves when what was handed out is applied. */
  applyIdle(): Promise<void>;
  /** Calls the core from outside a turn; a throw is fatal. */
  call(action: () => void): void;
  onInstalled(meta: SnapshotMeta): void;
  onFatal(error: unknown): void;
  emit(event: RaftNodeEvent): void;
}

/** Where the log ends at its old side: what is compacted, and the snapshots that stand in for it, both ways (G18). */
export class Snapshots {
  readonly #parts: SnapshotsParts;
  readonly #outgoing: OutgoingSnapshots;
  readonly #catchingUp: PeersCatchingUp;
  readonly #incoming: IncomingSnapshots;
  readonly #compaction: Compaction;

  constructor(parts: SnapshotsParts) {
    this.#parts = parts;
    this.#outgoing = this.#sender();
    this.#catchingUp = new PeersCatchingUp(() => parts.raft.status());
    this.#incoming = this.#receiver();
    this.#compaction = this.#compactor();
  }

  /** Snapshots on their way to peers. */
  get sending(): number {
    return this.#outgoing.active;
  }

  send(request: SnapshotToSend): void {
    this.#catchingUp.end(request.to);
    this.#outgoing.send(request);
  }

  receive(incoming: IncomingSnapshot): Promise<void> {
    return this.#incoming.receive(incoming);
  }

  /** Compacts the log if it is above its limit. Cheap when it is not. */
  compactIfDue(): void {
    this.#compaction.run();
  }

  /** This node does not lead any more: others send. */
  endSending(reason: Error): void {
    this.#catchingUp.endAll();
    this.#outgoing.end(reason);
  }

  halt(reason: Error): void {
    this.#outgoing.end(reason);
    this.#incoming.halt(reason);
  }

  /** Resolves when every snapshot is closed and none is being installed. */
  async idle(): Promise<void> {
    await Promise.all([this.#outgoing.idle(), this.#incoming.idle()]);
  }

  /** The log knows best who belonged to the cluster at an index; the state may never have seen an entry that says so. */
  #complete(meta: SnapshotMeta): SnapshotMeta {
    const { raft } = this.#parts;
    const configuration = raft.configurationAt(meta.index);
    return configuration === undefined ? withMembers(meta, raft.configuration) : { ...meta, configuration };
  }

  #sender(): OutgoingSnapshots {
    const { options, raft, meter, call, emit } = this.#parts;
    return new OutgoingSnapshots({
      stateMachine: options.stateMachine,
      transport: options.transport,
      clock: options.clock,
      meter,
      retryMs: options.snapshotRetryMs,
      complete: (meta) => this.#complete(meta),
      onEnded: (to, meta) => {
        if (meta !== undefined) this.#catchingUp.begin(to, meta.index);
        call(() => raft.snapshotSent(to, meta));
      },
      emit,
    });
  }

  #receiver(): IncomingSnapshots {
    const { options, raft, appends, meter, applyIdle, call, onInstalled, onFatal, emit } = this.#parts;
    return new IncomingSnapshots({
      stateMachine: options.stateMachine,
      clock: options.clock,
      meter,
      stallMs: options.snapshotStallMs,
      featureLevel: options.featureLevel,
      decide: (incoming) => this.#decide(incoming),
      applyIdle,
      beginLogAfter: async (meta, keepsLog) => {
        const begin = (): Promise<void> =>
          keepsLog ? options.storage.compact(this.#complete(meta)) : options.storage.reset(meta);
        await appends.run(begin);
      },
      onInstalled,
      onNotInstalled: () => call(() => raft.snapshotFailed()),
      onRefused: ({ from }, error) => emit({ type: "snapshotRefused", from, error }),
      onFatal,
    });
  }

  #compactor(): Compaction {
    const { options, raft } = this.#parts;
    return new Compaction(options, {
      extent: () => raft,
      entries: (from, limit) => raft.entries(from, limit),
      termAt: (index) => raft.termAt(index),
      durable: () => this.#complete(options.stateMachine.durable()),
      heldIndex: () => this.#heldIndex(),
      abortSnapshots: () => this.#abort(),
      compact: (meta) => this.#compact(meta),
    });
  }

  /** The log after it must stay for a snapshot on its way, or for a peer that has one and lacks the log after it. */
  #heldIndex(): number | undefined {
    const [sending, catchingUp] = [this.#outgoing.heldIndex(), this.#catchingUp.heldIndex()];
    return sending === undefined || catchingUp === undefined ? (sending ?? catchingUp) : Math.min(sending, catchingUp);
  }

  #abort(): void {
    this.#catchingUp.endAll();
    this.#outgoing.abortAll(new SnapshotOutrunError("The log passed logHardBytes or logHardEntries and cannot wait for this snapshot."));
  }

  #decide({ from, term, meta }: IncomingSnapshot): SnapshotDecision {
    const { options, raft, call } = this.#parts;
    const request = { type: "snapshotRequest", from, to: options.id, term, snapshot: meta } as const;
    let decision: SnapshotDecision = { install: false, reason: "busy" };
    call(() => {
      decision = raft.receiveSnapshot(request);
    });
    return decision;
  }

  #compact(upTo: SnapshotMeta): boolean {
    const { options, raft, appends, emit } = this.#parts;
    // A tail is kept, so this point lies before the durable one, where other members may have been in force.
    const meta = this.#complete(upTo);
    if (!raft.compact(meta)) return false;
    void appends.run(
      () => options.storage.compact(meta),
      () => emit({ type: "logCompacted", meta }),
    );
    return true;
  }
}
