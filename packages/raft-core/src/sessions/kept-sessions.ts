import type { SessionChange, SessionPair } from "./contracts.ts";
import { StreamReader } from "./stream-reader.ts";
import { beginsWithTable, decodeTable, encodeTable } from "./table-frames.ts";

/** The records of a session table for a `SessionedStateMachine` that writes its state down as a whole. */
export class KeptSessions {
  readonly #records: Map<string, Uint8Array>;

  constructor(records: Iterable<SessionPair> = []) {
    this.#records = new Map();
    for (const { key, value } of records) this.#records.set(key, value);
  }

  /** The changes of a batch, in order. */
  take(changes: readonly (readonly SessionChange[])[]): void {
    for (const { key, value } of changes.flat()) {
      if (value === undefined) this.#records.delete(key);
      else this.#records.set(key, value);
    }
  }

  /** Every record, in no order. */
  *records(): Generator<SessionPair> {
    for (const [key, value] of this.#records) yield { key, value };
  }

  /** The same records, unmoved by later changes here. */
  copy(): KeptSessions {
    return new KeptSessions(this.records());
  }

  /** The table and, after it, the state as of entry `index`. Without sessions it is the state alone, as before there were any. */
  withState(index: number, state: Uint8Array): Uint8Array {
    if (this.#records.size === 0 && !beginsWithTable(state)) return state;
    const parts = [...encodeTable(index, this.records()), state];
    const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  }

  /** The inverse of {@link withState}. Throws `SessionSnapshotError`. */
  static async split(
    index: number,
    bytes: Uint8Array,
  ): Promise<{ readonly sessions: KeptSessions; readonly state: Uint8Array }> {
    if (!beginsWithTable(bytes)) return { sessions: new KeptSessions(), state: bytes };
    const stream = new StreamReader(once(bytes));
    const sessions = new KeptSessions(await decodeTable(stream, index));
    let state = new Uint8Array(0);
    for await (const rest of stream.rest()) state = Uint8Array.from(rest);
    return { sessions, state };
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
