import type { Snapshot } from "../contracts.ts";
import { ContractBrokenError } from "../node/errors.ts";
import type { Entry, SnapshotMeta } from "../types.ts";
import type { SettledBatch } from "./batch.ts";
import type { SessionedStateMachine } from "./contracts.ts";
import { tableOf } from "./records.ts";
import type { ResultCodec, SessionResult } from "./results.ts";
import { SessionStateMachine } from "./session-state-machine.ts";
import type { SessionTable } from "./table.ts";

/** The inner machine keeps the table as part of its state, also in its snapshots. */
export class InnerKeptSessions<Result> extends SessionStateMachine<Result> {
  readonly #inner: SessionedStateMachine<Result>;

  constructor(inner: SessionedStateMachine<Result>, codec: ResultCodec<Result>, table: SessionTable) {
    super(inner, codec, table);
    this.#inner = inner;
  }

  protected override async applyNow(entries: readonly Entry[]): Promise<SessionResult<Result>[]> {
    const batch = this.batch(entries, "record");
    const settled: SettledBatch<Result>[] = [];
    await this.#inner.apply(batch.entries, (results) => {
      const now = batch.settle(results);
      settled.push(now);
      return now.changes;
    });
    const [once, ...more] = settled;
    if (once !== undefined && more.length === 0) return once.answers;
    throw new ContractBrokenError(
      `apply asked ${settled.length} times for the changes of the session table. It must ask once, and keep them with the state. Fix the state machine.`,
    );
  }

  protected override snapshotNow(): Promise<Snapshot> {
    return this.#inner.snapshot();
  }

  protected override async restoreNow(meta: SnapshotMeta, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    await this.#inner.restore(meta, chunks);
    this.table = await tableOf(this.#inner.loadSessions());
  }
}
