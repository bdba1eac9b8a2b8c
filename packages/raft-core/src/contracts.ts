/**
 * What Raft needs from the world, as contracts. Each has an in-memory twin in this package
 * and a test suite that every implementation passes in one line.
 */
import type { AppendBatch, Entry, Message, NodeId, PersistedState, SnapshotMeta } from "./types.ts";

/**
 * The durable log. Calls come one at a time but may be issued before earlier ones resolve;
 * they take effect in the order issued. Every rejection is fatal for the node (G19).
 */
export interface LogStorage {
  /** Reads what is durable. Refuses, with a typed error that names the file and the way back, a log with a gap or a bad record (G16). */
  load(): Promise<PersistedState>;
  /** Resolves when the batch is durable. */
  append(batch: AppendBatch): Promise<void>;
  /** Forgets entries up to and including `snapshot.index`, which a durable snapshot covers; keeps those after it. */
  compact(snapshot: SnapshotMeta): Promise<void>;
  /** Replaces the whole log by an empty one that begins after `snapshot.index`. Keeps the hard state. */
  reset(snapshot: SnapshotMeta): Promise<void>;
  /** Releases what it holds, once calls made before have ended. May be called twice. */
  close(): Promise<void>;
}

/** A state to send. `close()` releases what it pins; it may be called twice. */
export interface Snapshot {
  readonly meta: SnapshotMeta;
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Releases what it pins. May be called twice. */
  close(): Promise<void>;
}

/**
 * The replicated state. `apply` is called with one batch at a time, in log order, exactly the
 * committed entries after `appliedIndex()`; noop and config entries included, so that the
 * state can record index, term and configuration with each batch.
 */
export interface StateMachine<Result> {
  /** One result for each entry, in order. A rejection is fatal for the node. */
  apply(entries: readonly Entry[]): Promise<Result[]>;
  /** The last index that `apply` took, or that was there at open. */
  appliedIndex(): number;
  /** The newest point that would survive a power cut; the log may be compacted up to it. */
  durable(): SnapshotMeta;
  /** The state as of some applied index, unmoved by later applies. */
  snapshot(): Promise<Snapshot>;
  /**
   * Replaces the whole state, durably, once every chunk has arrived and been verified; on rejection the old
   * state stands. A snapshot at fault (damaged, incomplete, of a newer level) rejects with an error whose
   * `category` is "invalid" or "unavailable", and another will be sent; a break of `chunks` is passed on.
   * Any other rejection counts as a disk that failed, and is fatal for the node (G19).
   */
  restore(meta: SnapshotMeta, chunks: AsyncIterable<Uint8Array>): Promise<void>;
}

/** A snapshot on its way in. */
export interface IncomingSnapshot {
  readonly from: NodeId;
  /** The sender's term. */
  readonly term: number;
  readonly meta: SnapshotMeta;
  readonly chunks: AsyncIterable<Uint8Array>;
}

/**
 * The network. It may lose, delay, repeat and reorder messages; it must not corrupt them,
 * and must deliver only what a member of the same cluster sent.
 */
export interface Transport {
  /** Never blocks, never throws; what cannot be queued (bounded) is dropped, as a network would. */
  send(messages: readonly Message[]): void;
  /** Messages that it knows to have dropped so far, to any peer: a count that only rises. For a transport that counts them. */
  droppedMessages?(): number;
  /**
   * Resolves when the receiver has installed the snapshot; rejects otherwise. `signal` calls it off; with a
   * reason of code `SNAPSHOT_OUTRUN` it was too slow, so a transport that limits its pace sends the next one faster.
   */
  sendSnapshot(
    to: NodeId,
    term: number,
    meta: SnapshotMeta,
    chunks: AsyncIterable<Uint8Array>,
    signal: AbortSignal,
  ): Promise<void>;
  /** Whom to tell of messages. The driver calls it once, before it sends anything. */
  onMessages(listener: (messages: readonly Message[]) => void): void;
  /** The listener resolves when the snapshot is installed and rejects when it is refused. */
  onSnapshot(listener: (snapshot: IncomingSnapshot) => Promise<void>): void;
  /** Delivers and sends nothing more. May be called twice. */
  close(): Promise<void>;
}

/** The time source of the driver. */
export interface Clock {
  /** Monotonic milliseconds. */
  now(): number;
  /**
   * Calls back every `periodMs` until the returned function is called. A call may be late, and is not made up for by
   * calls in quick succession: with `leaseReads`, voters count by them how long their promise lasts.
   */
  every(periodMs: number, callback: () => void): () => void;
  /** Calls back once after `delayMs` unless the returned function is called first. */
  after(delayMs: number, callback: () => void): () => void;
}
