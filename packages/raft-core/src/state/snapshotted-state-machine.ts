import type { Snapshot } from "../contracts.ts";
import { decodeConfiguration } from "../core/configuration.ts";
import type { SessionChanges, SessionedStateMachine, SessionPair } from "../sessions/contracts.ts";
import { KeptSessions } from "../sessions/kept-sessions.ts";
import type { Entry, SnapshotMeta } from "../types.ts";
import { chunksOf, collect } from "./chunks.ts";
import { DamagedSnapshotError } from "./errors.ts";
import type { SnapshotStore } from "./snapshot-store.ts";

/** What a state is, how a proposal changes it, and how it is written down. The same on every node. */
export interface StateModel<State, Result> {
  /** The state before the first proposal. */
  initial(): State;
  /**
   * Carries out one proposal; may change `state` in place. Nothing but the two arguments may decide: no clock, no
   * randomness, no environment. A proposal that is refused is a result too: throwing is fatal, on every node.
   */
  apply(state: State, proposal: Uint8Array): Result;
  /** The whole state. Blocks the loop, and is never written to afterwards. */
  encode(state: State): Uint8Array;
  /** The inverse of `encode`. Throws for anything that `encode` does not write. */
  decode(bytes: Uint8Array): State;
}

/** When a {@link SnapshottedStateMachine} saves its state by itself: at whichever limit is reached first. */
export interface SnapshottedStateMachineOptions {
  /**
   * Entries applied since the last save. Default 16,384, a quarter of the log's own limit. Risk: fewer spend more time
   * on encoding, more take longer to replay at a start; above `logMaxEntries` the log outgrows its limit.
   */
  readonly saveEveryEntries?: number;
  /** Bytes of those entries. Default 16 MiB, a quarter of the log's own limit. Risk: the same. */
  readonly saveEveryBytes?: number;
}

const CHUNK_BYTES = 64 * 1024;
const EMPTY: SnapshotMeta = {
  index: 0,
  term: 0,
  configuration: { voters: [], votersOutgoing: [], learners: [] },
  featureLevel: 0,
};

/**
 * A state that lives in memory and is saved as a whole now and then: a start loads what was saved last and applies the
 * log from there. For states of some tens of megabytes; a larger one belongs into a database, behind a
 * {@link StateMachine} of its own.
 *
 * The result of every proposal is the model's; of entries that Raft makes for itself, undefined. With `withSessions`
 * around it, it saves the sessions before the state.
 *
 * @example
 * const counter = await SnapshottedStateMachine.open(
 *   {
 *     initial: () => ({ count: 0 }),
 *     apply: (state) => (state.count += 1),
 *     encode: (state) => new TextEncoder().encode(JSON.stringify(state)),
 *     decode: (bytes) => JSON.parse(new TextDecoder().decode(bytes)),
 *   },
 *   new MemorySnapshotStore(),                                  // on disk: FileSnapshotStore of raft-level
 * );
 * counter.state.count;                                          // 0
 */
export class SnapshottedStateMachine<State, Result> implements SessionedStateMachine<Result | undefined> {
  readonly #model: StateModel<State, Result>;
  readonly #store: SnapshotStore;
  readonly #limits: Required<SnapshottedStateMachineOptions>;
  #state: State;
  #sessions: KeptSessions;
  #meta: SnapshotMeta;
  #saved: SnapshotMeta;
  #unsavedBytes = 0;
  #saving: Promise<void> | undefined;
  #failure: { readonly cause: unknown } | undefined;

  private constructor(
    model: StateModel<State, Result>,
    store: SnapshotStore,
    options: SnapshottedStateMachineOptions,
    opened: { readonly state: State; readonly sessions: KeptSessions; readonly meta: SnapshotMeta },
  ) {
    const { state, sessions, meta } = opened;
    this.#model = model;
    this.#store = store;
    this.#limits = { saveEveryEntries: 16_384, saveEveryBytes: 16 * 1024 * 1024, ...options };
    this.#state = state;
    this.#sessions = sessions;
    this.#meta = meta;
    this.#saved = meta;
  }

  /** Loads what was saved last. Rejects with what the store refuses, and with what `decode` throws. */
  static async open<State, Result>(
    model: StateModel<State, Result>,
    store: SnapshotStore,
    options: SnapshottedStateMachineOptions = {},
  ): Promise<SnapshottedStateMachine<State, Result>> {
    const saved = await store.load();
    if (saved === undefined) {
      const empty = { state: model.initial(), sessions: new KeptSessions(), meta: EMPTY };
      return new SnapshottedStateMachine(model, store, options, empty);
    }
    const { meta, bytes } = saved;
    const { sessions, state } = await KeptSessions.split(meta.index, bytes);
    return new SnapshottedStateMachine(model, store, options, { state: model.decode(state), sessions, meta });
  }

  /** As of the last entry applied. To read, not to change; another object after a snapshot was installed. */
  get state(): State {
    return this.#state;
  }

  // Async, so that what the model throws is a rejection, which is fatal for the node.
  async apply(
    entries: readonly Entry[],
    sessionChanges?: SessionChanges<Result | undefined>,
  ): Promise<(Result | undefined)[]> {
    this.#throwIfFailed();
    let { index, configuration } = this.#meta;
    const results: (Result | undefined)[] = [];
    for (const entry of entries) {
      index += 1;
      if (entry.index !== index) throw new Error(`Entry ${entry.index} cannot follow entry ${index - 1}.`);
      results.push(entry.type === "normal" ? this.#model.apply(this.#state, entry.data) : undefined);
      if (entry.type === "config") configuration = decodeConfiguration(entry.data);
      this.#unsavedBytes += entry.data.length;
    }
    const term = entries.at(-1)?.term ?? this.#meta.term;
    this.#meta = { ...this.#meta, index, term, configuration };
    if (sessionChanges !== undefined) this.#sessions.take(sessionChanges(results));
    const unsavedEntries = this.#meta.index - this.#saved.index;
    const { saveEveryEntries, saveEveryBytes } = this.#limits;
    if (unsavedEntries >= saveEveryEntries || this.#unsavedBytes >= saveEveryBytes)
      this.#saving ??= this.#save();
    return Promise.resolve(results);
  }

  loadSessions(): Iterable<SessionPair> {
    return this.#sessions.records();
  }

  appliedIndex(): number {
    return this.#meta.index;
  }

  durable(): SnapshotMeta {
    return this.#saved;
  }

  snapshot(): Promise<Snapshot> {
    const chunks = chunksOf(this.#encode(), CHUNK_BYTES);
    return Promise.resolve({ meta: this.#meta, chunks, close: () => Promise.resolve() });
  }

  async restore(meta: SnapshotMeta, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    const bytes = await collect(chunks);
    const { sessions, state: stateBytes } = await KeptSessions.split(meta.index, bytes);
    const state = this.#decode(stateBytes);
    await this.#saving;
    this.#throwIfFailed();
    await this.#store.save({ meta, bytes });
    this.#state = state;
    this.#sessions = sessions;
    this.#meta = meta;
    this.#saved = meta;
    this.#unsavedBytes = 0;
  }

  /** Waits for a save under way, and rejects if one has failed. Stop the node first. Nothing is lost without a last save. */
  async close(): Promise<void> {
    await this.#saving;
    this.#throwIfFailed();
  }

  /** Beside `apply`, which goes on meanwhile. Never rejects: a failure is told to the next call, which makes it fatal. */
  async #save(): Promise<void> {
    const meta = this.#meta;
    this.#unsavedBytes = 0;
    try {
      await this.#store.save({ meta, bytes: this.#encode() });
      this.#saved = meta;
    } catch (cause) {
      this.#failure = { cause };
    } finally {
      this.#saving = undefined;
    }
  }

  #encode(): Uint8Array {
    return this.#sessions.withState(this.#meta.index, this.#model.encode(this.#state));
  }

  #decode(bytes: Uint8Array): State {
    try {
      return this.#model.decode(bytes);
    } catch (cause) {
      throw new DamagedSnapshotError("The snapshot cannot be read. Have another sent.", { cause });
    }
  }

  #throwIfFailed(): void {
    if (this.#failure !== undefined) throw this.#failure.cause;
  }
}
