import type { Clock, Snapshot, StateMachine, Transport } from "../contracts.ts";
import type { SnapshotToSend } from "../core/raft.ts";
import type { NodeId, SnapshotMeta } from "../types.ts";
import { Backoff } from "./backoff.ts";
import { CountedChunks } from "./counted-chunks.ts";
import { asError, SnapshotStreamError } from "./errors.ts";
import type { RaftNodeEvent } from "./events.ts";
import type { Meter, SnapshotEnd } from "./meter.ts";

export interface OutgoingSnapshotsParts {
  readonly stateMachine: Pick<StateMachine<unknown>, "snapshot" | "durable">;
  readonly transport: Pick<Transport, "sendSnapshot">;
  readonly clock: Clock;
  readonly meter: Meter;
  readonly retryMs: { readonly min: number; readonly max: number };
  /** Fills in the members when the state never saw them. */
  complete(meta: SnapshotMeta): SnapshotMeta;
  /** Tells the core, once; undefined when the snapshot did not arrive. */
  onEnded(to: NodeId, meta: SnapshotMeta | undefined): void;
  emit(event: RaftNodeEvent): void;
}

/** One snapshot on its way to a peer. */
interface Sending {
  readonly abort: AbortController;
  /** The log is needed from here + 1 on. */
  heldIndex: number;
}

/** The leader's side of snapshots: one per peer at a time, released whatever happens, retried with backoff. */
export class OutgoingSnapshots {
  readonly #parts: OutgoingSnapshotsParts;
  readonly #sending = new Map<NodeId, Sending>();
  readonly #backoffs = new Map<NodeId, Backoff>();
  readonly #retries = new Map<NodeId, () => void>();
  readonly #running = new Set<Promise<void>>();

  constructor(parts: OutgoingSnapshotsParts) {
    this.#parts = parts;
  }

  /** Snapshots on their way. */
  get active(): number {
    return this.#sending.size;
  }

  /** The oldest index that a snapshot on its way stands at, or undefined. The log after it must stay (G18). */
  heldIndex(): number | undefined {
    const alive = [...this.#sending.values()].filter(({ abort }) => !abort.signal.aborted);
    const indexes = alive.map(({ heldIndex }) => heldIndex);
    return indexes.length === 0 ? undefined : Math.min(...indexes);
  }

  send(request: SnapshotToSend): void {
    const { to } = request;
    this.#retries.get(to)?.();
    this.#retries.delete(to);
    this.#sending.get(to)?.abort.abort(new SnapshotStreamError("The leader began this snapshot anew."));
    const sending: Sending = {
      abort: new AbortController(),
      heldIndex: this.#parts.stateMachine.durable().index,
    };
    this.#sending.set(to, sending);
    const running = this.#run(request, sending).finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  /** Breaks off every snapshot on its way; each is tried again after its pause. */
  abortAll(reason: Error): void {
    for (const { abort } of this.#sending.values()) abort.abort(reason);
  }

  /** Forgets every snapshot, on its way or waiting to be tried again: this node does not lead any more. */
  end(reason: Error): void {
    this.abortAll(reason);
    this.#sending.clear();
    for (const cancel of this.#retries.values()) cancel();
    this.#retries.clear();
    this.#backoffs.clear();
  }

  /** Resolves when every snapshot is closed. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  async #run(request: SnapshotToSend, sending: Sending): Promise<void> {
    const { to } = request;
    try {
      const meta = await this.#stream(request, sending);
      if (!this.#finish(to, sending)) return;
      this.#backoff(to).succeeded();
      this.#parts.onEnded(to, meta);
      this.#parts.emit({ type: "snapshotSent", to, meta });
    } catch (error) {
      if (this.#finish(to, sending)) this.#retryLater(to, asError(error));
    }
  }

  async #stream(request: SnapshotToSend, sending: Sending): Promise<SnapshotMeta> {
    const { meter, stateMachine } = this.#parts;
    const beganAtMs = meter.now();
    const chunks = new CountedChunks();
    let outcome: SnapshotEnd["outcome"] = "failed";
    try {
      const meta = await this.#sendState(request, await stateMachine.snapshot(), chunks, sending);
      outcome = "installed";
      return meta;
    } finally {
      meter.snapshotSent({ peer: request.to, outcome, sizeBytes: chunks.sizeBytes, beganAtMs });
    }
  }

  async #sendState(
    { to, term }: SnapshotToSend,
    snapshot: Snapshot,
    counted: CountedChunks,
    sending: Sending,
  ): Promise<SnapshotMeta> {
    const { meter, transport } = this.#parts;
    try {
      sending.abort.signal.throwIfAborted();
      const meta = this.#parts.complete(snapshot.meta);
      sending.heldIndex = meta.index;
      const chunks = meter.isObserved ? counted.of(snapshot.chunks) : snapshot.chunks;
      await transport.sendSnapshot(to, term, meta, chunks, sending.abort.signal);
      return meta;
    } finally {
      await this.#close(to, snapshot);
    }
  }

  /** A snapshot that cannot be closed pins disk space, which its owner must hear of, but arrived all the same. */
  async #close(to: NodeId, snapshot: Snapshot): Promise<void> {
    try {
      await snapshot.close();
    } catch (error) {
      this.#parts.emit({ type: "snapshotFailed", to, error: asError(error), retryMs: 0 });
    }
  }

  /** False when it was forgotten, or another to this peer took its place. */
  #finish(to: NodeId, sending: Sending): boolean {
    if (this.#sending.get(to) !== sending) return false;
    this.#sending.delete(to);
    return true;
  }

  /** The core asks again as soon as it hears of a failure, so the pause comes before the news. */
  #retryLater(to: NodeId, error: Error): void {
    const retryMs = this.#backoff(to).failed();
    this.#parts.emit({ type: "snapshotFailed", to, error, retryMs });
    const cancel = this.#parts.clock.after(retryMs, () => {
      this.#retries.delete(to);
      this.#parts.onEnded(to, undefined);
    });
    this.#retries.set(to, cancel);
  }

  #backoff(to: NodeId): Backoff {
    const backoff = this.#backoffs.get(to) ?? new Backoff(this.#parts.retryMs);
    this.#backoffs.set(to, backoff);
    return backoff;
  }
}
