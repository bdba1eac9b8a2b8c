import type { Snapshot, StateMachine } from "../contracts.ts";
import type { Entry, SnapshotMeta } from "../types.ts";
import { SessionBatch } from "./batch.ts";
import { Exclusive } from "./exclusive.ts";
import type { SessionLimits } from "./limits.ts";
import type { ResultCodec, SessionResult } from "./results.ts";
import type { SessionTable } from "./table.ts";

/** What the session table holds, for observers. */
export interface SessionStatus {
  /** Their ids, the least recently used first. */
  readonly sessions: readonly number[];
  /** Results kept for repetitions, and their encoded bytes. */
  readonly results: number;
  readonly resultBytes: number;
  readonly limits: SessionLimits;
}

/** What `withSessions` gives. Where the table is kept is the affair of the two that extend it. */
export abstract class SessionStateMachine<Result> implements StateMachine<SessionResult<Result>> {
  protected readonly codec: ResultCodec<Result>;
  protected table: SessionTable;
  readonly #inner: StateMachine<Result>;
  /** A snapshot must not fall between the state's step and the table's. */
  readonly #exclusive = new Exclusive();

  constructor(inner: StateMachine<Result>, codec: ResultCodec<Result>, table: SessionTable) {
    this.#inner = inner;
    this.codec = codec;
    this.table = table;
  }

  apply(entries: readonly Entry[]): Promise<SessionResult<Result>[]> {
    return this.#exclusive.run(() => this.applyNow(entries));
  }

  appliedIndex(): number {
    return this.#inner.appliedIndex();
  }

  durable(): SnapshotMeta {
    return this.#inner.durable();
  }

  snapshot(): Promise<Snapshot> {
    return this.#exclusive.run(() => this.snapshotNow());
  }

  restore(meta: SnapshotMeta, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    return this.#exclusive.run(() => this.restoreNow(meta, chunks));
  }

  /** What the table holds now, as a copy. */
  sessionStatus(): SessionStatus {
    const sessions = [...this.table.sessions()];
    const results = sessions.flatMap((session) => [...session.results.values()]);
    return {
      sessions: sessions.map(({ id }) => id),
      results: results.length,
      resultBytes: results.reduce((sum, { encoded }) => sum + encoded.length, 0),
      limits: this.table.limits,
    };
  }

  protected batch(entries: readonly Entry[], record: "record" | "discard"): SessionBatch<Result> {
    return new SessionBatch(entries, this.table, this.codec, record);
  }

  protected abstract applyNow(entries: readonly Entry[]): Promise<SessionResult<Result>[]>;
  protected abstract snapshotNow(): Promise<Snapshot>;
  protected abstract restoreNow(meta: SnapshotMeta, chunks: AsyncIterable<Uint8Array>): Promise<void>;
}
