import type { Snapshot } from "../contracts.ts";
import { decodeConfiguration } from "../core/configuration.ts";
import type { SessionChanges, SessionedStateMachine, SessionPair } from "../sessions/contracts.ts";
import { KeptSessions } from "../sessions/kept-sessions.ts";
import { chunksOf, collect } from "../state/chunks.ts";
import { DamagedSnapshotError } from "../state/errors.ts";
import type { Configuration, Entry, SnapshotMeta } from "../types.ts";

/** @inline */
interface StateImage {
  readonly meta: SnapshotMeta;
  readonly pairs: ReadonlyMap<string, string>;
  readonly sessions: KeptSessions;
}

/** Bytes of one chunk of a snapshot. Small, so that tests see several. */
const CHUNK_BYTES = 256;
const NO_MEMBERS: Configuration = { voters: [], votersOutgoing: [], learners: [] };

/** How a {@link MemoryStateMachine} keeps its state. */
export interface MemoryStateMachineOptions {
  /** A batch makes the state durable once so many entries came since it last was. Default 1: every batch. */
  readonly durableEvery?: number;
  /** Level written into snapshots. Default 0. */
  readonly featureLevel?: number;
}

/** A command for {@link MemoryStateMachine}: sets a key. */
export function setCommand(key: string, value: string): Uint8Array {
  return new TextEncoder().encode(JSON.stringify([key, value]));
}

/**
 * A replicated map from text to text. The result of a {@link setCommand} is the value that stood there before;
 * of every other entry, undefined. With `withSessions` around it, it keeps the sessions with the map.
 */
export class MemoryStateMachine implements SessionedStateMachine<string | undefined> {
  readonly #options: MemoryStateMachineOptions;
  #pairs: Map<string, string>;
  #sessions: KeptSessions;
  #meta: SnapshotMeta;
  #durable: StateImage;

  constructor(options: MemoryStateMachineOptions = {}, durable?: StateImage) {
    const featureLevel = options.featureLevel ?? 0;
    this.#options = options;
    this.#durable = durable ?? {
      meta: { index: 0, term: 0, configuration: NO_MEMBERS, featureLevel },
      pairs: new Map(),
      sessions: new KeptSessions(),
    };
    this.#meta = this.#durable.meta;
    this.#pairs = new Map(this.#durable.pairs);
    this.#sessions = this.#durable.sessions.copy();
  }

  /** The value of a key. */
  get(key: string): string | undefined {
    return this.#pairs.get(key);
  }

  /** Every pair, by key. */
  pairs(): readonly (readonly [string, string])[] {
    return [...this.#pairs].sort(([a], [b]) => (a < b ? -1 : 1));
  }

  apply(
    entries: readonly Entry[],
    sessionChanges?: SessionChanges<string | undefined>,
  ): Promise<(string | undefined)[]> {
    const results = entries.map((entry) => this.#applyOne(entry));
    if (sessionChanges !== undefined) this.#sessions.take(sessionChanges(results));
    this.#keep();
    return Promise.resolve(results);
  }

  loadSessions(): Iterable<SessionPair> {
    return this.#sessions.records();
  }

  appliedIndex(): number {
    return this.#meta.index;
  }

  durable(): SnapshotMeta {
    return this.#durable.meta;
  }

  snapshot(): Promise<Snapshot> {
    const { meta, pairs, sessions } = this.#durable;
    return Promise.resolve({
      meta,
      chunks: chunksOf(sessions.withState(meta.index, encode(pairs)), CHUNK_BYTES),
      close: () => Promise.resolve(),
    });
  }

  async restore(meta: SnapshotMeta, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    const { sessions, state } = await KeptSessions.split(meta.index, await collect(chunks));
    const pairs = decode(state);
    this.#pairs = new Map(pairs);
    this.#sessions = sessions.copy();
    this.#meta = meta;
    this.#durable = { meta, pairs, sessions };
  }

  /** What the next start would find: the state as of the newest durable point. */
  crash(): MemoryStateMachine {
    return new MemoryStateMachine(this.#options, this.#durable);
  }

  #applyOne(entry: Entry): string | undefined {
    if (entry.index !== this.#meta.index + 1) {
      throw new Error(`Entry ${entry.index} cannot follow entry ${this.#meta.index}.`);
    }
    const previous = entry.type === "normal" ? this.#set(entry.data) : undefined;
    const configuration =
      entry.type === "config" ? decodeConfiguration(entry.data) : this.#meta.configuration;
    this.#meta = { ...this.#meta, index: entry.index, term: entry.term, configuration };
    return previous;
  }

  /** Makes the state durable when enough entries came since it last was. */
  #keep(): void {
    if (this.#meta.index - this.#durable.meta.index < (this.#options.durableEvery ?? 1)) return;
    this.#durable = { meta: this.#meta, pairs: new Map(this.#pairs), sessions: this.#sessions.copy() };
  }

  #set(data: Uint8Array): string | undefined {
    const [key, value] = JSON.parse(new TextDecoder().decode(data)) as [string, string];
    const previous = this.#pairs.get(key);
    this.#pairs.set(key, value);
    return previous;
  }
}

function encode(pairs: ReadonlyMap<string, string>): Uint8Array {
  return new TextEncoder().encode(JSON.stringify([...pairs]));
}

/** Refuses anything that {@link encode} did not make, so that a broken stream never becomes a state. */
function decode(bytes: Uint8Array): Map<string, string> {
  try {
    return new Map(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)) as [string, string][]);
  } catch (cause) {
    throw new DamagedSnapshotError("The snapshot cannot be read. Have another sent.", { cause });
  }
}
