/** The session table as records, for whoever keeps it; how each is written stands in `record-codec.ts`. */
import type { SessionChange, SessionPair } from "./contracts.ts";
import { DEFAULT_SESSION_LIMITS, SESSION_LIMIT_CAPS, type SessionLimits } from "./limits.ts";
import {
  damaged,
  decodeLimits,
  decodeResult,
  decodeSession,
  encodeLimits,
  encodeResult,
  encodeSession,
  numberOf,
  recordReader,
  resultKey,
  sessionKey,
} from "./record-codec.ts";
import { type KeptResult, type SessionRecord, SessionTable, type TableJournal } from "./table.ts";

/** Collects the changes of the table as records. A result's bytes are read when it is known, in {@link take}. */
export class RecordJournal implements TableJournal {
  #changes: (() => SessionChange)[] = [];

  /** The changes since the last call. Call them once the results they belong to are filled in. */
  take(): readonly (() => SessionChange)[] {
    const changes = this.#changes;
    this.#changes = [];
    return changes;
  }

  limitsSet(limits: SessionLimits): void {
    this.#put("limits", encodeLimits(limits));
  }

  sessionChanged(session: SessionRecord): void {
    this.#put(sessionKey(session.id), encodeSession(session));
  }

  sessionRemoved(session: SessionRecord): void {
    this.#put(sessionKey(session.id), undefined);
  }

  resultKept(session: SessionRecord, serial: number, slot: KeptResult): void {
    this.#changes.push(() => ({ key: resultKey(session.id, serial), value: encodeResult(slot) }));
  }

  resultForgotten(session: SessionRecord, serial: number): void {
    this.#put(resultKey(session.id, serial), undefined);
  }

  #put(key: string, value: Uint8Array | undefined): void {
    this.#changes.push(() => ({ key, value }));
  }
}

/** For a table that travels in snapshots, as a whole. */
export const NO_JOURNAL: TableJournal = {
  limitsSet() {},
  sessionChanged() {},
  sessionRemoved() {},
  resultKept() {},
  resultForgotten() {},
};

/** The whole table. */
export function* recordsOf(table: SessionTable): Generator<SessionPair> {
  if (table.limits !== DEFAULT_SESSION_LIMITS) yield { key: "limits", value: encodeLimits(table.limits) };
  for (const session of table.sessions()) {
    yield { key: sessionKey(session.id), value: encodeSession(session) };
    for (const [serial, slot] of session.results)
      yield { key: resultKey(session.id, serial), value: encodeResult(slot) };
  }
}

/** Reads a table, its records in any order. Throws {@link SessionTableError} on anything that is none. */
export async function tableOf(
  records: Iterable<SessionPair> | AsyncIterable<SessionPair>,
): Promise<SessionTable> {
  const parts = new TableParts();
  for await (const { key, value } of records) parts.add(key, value);
  return parts.assemble();
}

/** What was read so far. */
class TableParts {
  readonly #sessions = new Map<number, SessionRecord>();
  readonly #results: { readonly id: number; readonly serial: number; readonly slot: KeptResult }[] = [];
  #limits: SessionLimits | undefined;

  add(key: string, value: Uint8Array): void {
    const [kind, ...numbers] = key.split("/");
    const [id, serial] = numbers.map((text) => numberOf(text, key));
    const reader = recordReader(key, value);
    if (key === "limits") this.#limits = decodeLimits(reader);
    else if (kind === "session" && id !== undefined && serial === undefined)
      this.#sessions.set(id, decodeSession(id, reader));
    else if (kind === "result" && id !== undefined && serial !== undefined && numbers.length === 2)
      this.#results.push({ id, serial, slot: decodeResult(reader, key) });
    else throw damaged(key, "its kind is not known to this release");
    reader.end();
  }

  assemble(): SessionTable {
    const table = new SessionTable();
    if (this.#limits !== undefined) table.loadLimits(this.#limits);
    if (this.#sessions.size > table.limits.maxSessions) throw damaged("limits", "there are more sessions");
    for (const { id, serial, slot } of this.#results) this.#sessionOf(id, serial).results.set(serial, slot);
    const byUse = [...this.#sessions.values()].sort((a, b) => a.lastUsedIndex - b.lastUsedIndex);
    for (const session of byUse) table.load(session);
    return table;
  }

  #sessionOf(id: number, serial: number): SessionRecord {
    const key = resultKey(id, serial);
    const session = this.#sessions.get(id);
    if (session === undefined) throw damaged(key, "there is no such session");
    const distance = serial - session.firstUnanswered;
    if (distance < 0 || distance >= SESSION_LIMIT_CAPS.maxOutstanding)
      throw damaged(key, "the session cannot be waiting for it");
    return session;
  }
}
