import type { SessionCommand } from "./entry.ts";
import { DEFAULT_SESSION_LIMITS, type SessionLimits } from "./limits.ts";
import type { SessionRefusal } from "./results.ts";

/** The place of a result: reserved when its command is handed on, filled once the state machine has answered. */
export interface KeptResult {
  state: "awaited" | "kept" | "tooLarge";
  encoded: Uint8Array;
}

/** One client's session. */
export interface SessionRecord {
  readonly id: number;
  /** The last entry that named it. */
  lastUsedIndex: number;
  firstUnanswered: number;
  /** By serial, from `firstUnanswered` on. */
  readonly results: Map<number, KeptResult>;
}

/** Hears every change of the table, in order. */
export interface TableJournal {
  limitsSet(limits: SessionLimits): void;
  sessionChanged(session: SessionRecord): void;
  sessionRemoved(session: SessionRecord): void;
  resultKept(session: SessionRecord, serial: number, slot: KeptResult): void;
  resultForgotten(session: SessionRecord, serial: number): void;
}

/** What is to be done about a command. */
export type Verdict =
  /** The first copy: apply it, and fill `slot` with at most `maxResultBytes`. */
  | { readonly kind: "fresh"; readonly slot: KeptResult; readonly maxResultBytes: number }
  | { readonly kind: "repeated"; readonly slot: KeptResult }
  | { readonly kind: "refused"; readonly reason: SessionRefusal };

/**
 * Who may repeat what (dissertation 6.3). A pure function of the log: time is the order of entries, so that every
 * node lets the same session expire at the same entry.
 */
export class SessionTable {
  /** The least recently used first. */
  readonly #sessions = new Map<number, SessionRecord>();
  #limits: SessionLimits = DEFAULT_SESSION_LIMITS;

  get limits(): SessionLimits {
    return this.#limits;
  }

  /** The least recently used first. */
  sessions(): Iterable<Readonly<SessionRecord>> {
    return this.#sessions.values();
  }

  get sessionCount(): number {
    return this.#sessions.size;
  }

  /** As it stands, unmoved by later entries. Results are shared, since they do not change once they are known. */
  copy(): SessionTable {
    const copy = new SessionTable();
    copy.loadLimits(this.#limits);
    for (const session of this.#sessions.values())
      copy.load({ ...session, results: new Map(session.results) });
    return copy;
  }

  /** Takes in a session as it was kept, after all that were used before it. */
  load(session: SessionRecord): void {
    this.#sessions.set(session.id, session);
  }

  loadLimits(limits: SessionLimits): void {
    this.#limits = limits;
  }

  /** The entry at `index` opens a session; its id is that index. */
  register(index: number, journal: TableJournal): void {
    const session = { id: index, lastUsedIndex: index, firstUnanswered: 1, results: new Map() };
    this.#sessions.set(index, session);
    journal.sessionChanged(session);
    this.#expire(journal);
  }

  command(index: number, entry: SessionCommand, journal: TableJournal): Verdict {
    const session = this.#sessions.get(entry.session);
    if (session === undefined) return { kind: "refused", reason: "sessionUnknown" };
    this.#forgetAnswered(session, entry.firstUnanswered, journal);
    this.#use(session, index, journal);
    const { serial } = entry;
    if (serial < session.firstUnanswered) return { kind: "refused", reason: "serialStale" };
    const kept = session.results.get(serial);
    if (kept !== undefined) return { kind: "repeated", slot: kept };
    if (serial - session.firstUnanswered >= this.#limits.maxOutstanding)
      return { kind: "refused", reason: "windowFull" };
    const slot: KeptResult = { state: "awaited", encoded: new Uint8Array(0) };
    session.results.set(serial, slot);
    journal.resultKept(session, serial, slot);
    return { kind: "fresh", slot, maxResultBytes: this.#limits.maxResultBytes };
  }

  /** Forgets a session; false when there is none. */
  end(id: number, journal: TableJournal): boolean {
    const session = this.#sessions.get(id);
    if (session === undefined) return false;
    this.#remove(session, journal);
    return true;
  }

  /** For all entries after this one. Sessions beyond the new limit expire at once; results that are kept stay. */
  setLimits(limits: SessionLimits, journal: TableJournal): void {
    this.#limits = limits;
    journal.limitsSet(limits);
    this.#expire(journal);
  }

  #use(session: SessionRecord, index: number, journal: TableJournal): void {
    session.lastUsedIndex = index;
    this.#sessions.delete(session.id);
    this.#sessions.set(session.id, session);
    journal.sessionChanged(session);
  }

  #expire(journal: TableJournal): void {
    for (const session of this.#sessions.values()) {
      if (this.#sessions.size <= this.#limits.maxSessions) return;
      this.#remove(session, journal);
    }
  }

  #remove(session: SessionRecord, journal: TableJournal): void {
    this.#sessions.delete(session.id);
    for (const serial of session.results.keys()) journal.resultForgotten(session, serial);
    journal.sessionRemoved(session);
  }

  /** Never goes back: a late copy of an earlier command knows less. */
  #forgetAnswered(session: SessionRecord, firstUnanswered: number, journal: TableJournal): void {
    if (firstUnanswered <= session.firstUnanswered) return;
    session.firstUnanswered = firstUnanswered;
    for (const serial of session.results.keys()) {
      if (serial >= firstUnanswered) continue;
      session.results.delete(serial);
      journal.resultForgotten(session, serial);
    }
  }
}
