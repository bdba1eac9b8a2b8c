/** Counters that a proposal increments: whatever is applied twice shows. */
import {
  encodeSessionEntry,
  type Entry,
  jsonResults,
  type ResultCodec,
  type SessionEntry,
  type Snapshot,
  type SnapshotMeta,
  type StateMachine,
  type StateModel,
} from "../../src/index.ts";

export type Counters = Record<string, number>;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

export const counterResults: ResultCodec<number | undefined> = jsonResults();

/** The proposal that adds one to `name`; its result is the new count. */
export function increment(name: string): Uint8Array {
  return encoder.encode(JSON.stringify(name));
}

export const counterModel: StateModel<Counters, number> = {
  initial: () => ({}),
  apply: (counters, proposal) => {
    const name = JSON.parse(decoder.decode(proposal)) as string;
    return (counters[name] = (counters[name] ?? 0) + 1);
  },
  encode: (counters) => encoder.encode(JSON.stringify(counters)),
  decode: (bytes) => JSON.parse(decoder.decode(bytes)) as Counters,
};

class NoCountersError extends Error {
  readonly category = "invalid" as const;
}

/** A state in memory alone: empty at open, durable no further than what was restored. */
export class MemoryCounters implements StateMachine<number | undefined> {
  counters: Counters = {};
  #meta: SnapshotMeta = {
    index: 0,
    term: 0,
    configuration: { voters: [], votersOutgoing: [], learners: [] },
    featureLevel: 0,
  };
  #durable: SnapshotMeta = this.#meta;
  /** What it was asked to apply, by type. */
  readonly seen: string[] = [];

  apply(entries: readonly Entry[]): Promise<(number | undefined)[]> {
    return Promise.resolve(
      entries.map(({ index, term, type, data }) => {
        if (index !== this.#meta.index + 1) throw new Error(`${index} cannot follow ${this.#meta.index}`);
        this.#meta = { ...this.#meta, index, term };
        this.seen.push(type);
        return type === "normal" ? counterModel.apply(this.counters, data) : undefined;
      }),
    );
  }

  appliedIndex(): number {
    return this.#meta.index;
  }

  durable(): SnapshotMeta {
    return this.#durable;
  }

  snapshot(): Promise<Snapshot> {
    const chunks = piecesOf(counterModel.encode(this.counters), 16);
    return Promise.resolve({ meta: this.#meta, chunks, close: () => Promise.resolve() });
  }

  async restore(meta: SnapshotMeta, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    const bytes = await all(chunks);
    try {
      this.counters = counterModel.decode(bytes);
    } catch (cause) {
      throw new NoCountersError("no counters", { cause });
    }
    this.#meta = this.#durable = meta;
  }
}

export function entryOf(index: number, said: SessionEntry): Entry {
  return { index, term: 1, type: "normal", data: encodeSessionEntry(said) };
}

/** The entry at `index`: `session` proposes to increment `name`. */
export function commandAt(
  index: number,
  session: number,
  serial: number,
  { firstUnanswered = 1, name = `s${session}` } = {},
): Entry {
  return entryOf(index, { kind: "command", session, serial, firstUnanswered, payload: increment(name) });
}

export function registerAt(index: number): Entry {
  return entryOf(index, { kind: "register" });
}

export async function* piecesOf(bytes: Uint8Array, pieceBytes: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    yield await Promise.resolve(bytes.slice(at, at + pieceBytes));
  }
}

export async function all(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<Uint8Array> {
  const bytes: number[] = [];
  for await (const chunk of chunks) bytes.push(...chunk);
  return Uint8Array.from(bytes);
}
