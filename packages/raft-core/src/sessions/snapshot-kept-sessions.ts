import type { Snapshot, StateMachine } from "../contracts.ts";
import type { Entry, SnapshotMeta } from "../types.ts";
import { SessionSnapshotError, SessionsNotKeptError } from "./errors.ts";
import { recordsOf, tableOf } from "./records.ts";
import type { ResultCodec, SessionResult } from "./results.ts";
import { SessionStateMachine } from "./session-state-machine.ts";
import { StreamReader } from "./stream-reader.ts";
import type { SessionTable } from "./table.ts";
import { decodeTable, encodeTable } from "./table-frames.ts";

/** The inner machine's state lives in memory; the table travels before it in every snapshot. */
export class SnapshotKeptSessions<Result> extends SessionStateMachine<Result> {
  readonly #inner: StateMachine<Result>;
  /** Up to here the state came, with its table, in a snapshot. */
  #restoredIndex = 0;

  constructor(inner: StateMachine<Result>, codec: ResultCodec<Result>, table: SessionTable) {
    super(inner, codec, table);
    this.#inner = inner;
  }

  protected override async applyNow(entries: readonly Entry[]): Promise<SessionResult<Result>[]> {
    const batch = this.batch(entries, "discard");
    const { answers } = batch.settle(await this.#inner.apply(batch.entries));
    this.#refuseIfKept();
    return answers;
  }

  protected override async snapshotNow(): Promise<Snapshot> {
    const { meta, chunks, close } = await this.#innerSnapshot();
    const table = encodeTable(meta.index, recordsOf(this.table.copy()));
    return { meta, chunks: joined(table, chunks), close };
  }

  protected override async restoreNow(meta: SnapshotMeta, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    const stream = new StreamReader(chunks);
    try {
      const table = await readTable(stream, meta.index);
      await this.#inner.restore(meta, stream.rest());
      this.table = table;
      this.#restoredIndex = meta.index;
    } finally {
      await stream.close();
    }
  }

  /** The inner snapshot, if it is of the point at which the table stands. */
  async #innerSnapshot(): Promise<Snapshot> {
    const snapshot = await this.#inner.snapshot();
    const { meta } = snapshot;
    if (meta.index === this.#inner.appliedIndex())
      return { meta, chunks: snapshot.chunks, close: () => snapshot.close() };
    await snapshot.close();
    throw new SessionsNotKeptError(
      `The snapshot is of entry ${meta.index}, and ${this.#inner.appliedIndex()} are applied: the sessions of that point are gone. Take it of the newest entry, or implement SessionedStateMachine.`,
    );
  }

  /** Found at the first batch rather than at the first restart, when it would be too late. */
  #refuseIfKept(): void {
    const { index } = this.#inner.durable();
    if (index <= this.#restoredIndex) return;
    throw new SessionsNotKeptError(
      `The state machine says that it keeps its state up to entry ${index} by itself, and it does not keep the sessions: after a restart a repeated proposal would apply twice. Implement SessionedStateMachine.`,
    );
  }
}

/** What arrives damaged is the sender's affair, whichever way it is found out. */
async function readTable(stream: StreamReader, index: number): Promise<SessionTable> {
  const records = await decodeTable(stream, index);
  try {
    return await tableOf(records);
  } catch (cause) {
    throw new SessionSnapshotError("The session table of the snapshot makes no sense. Have another sent.", {
      cause,
    });
  }
}

async function* joined(
  table: Iterable<Uint8Array>,
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  yield* table;
  yield* chunks;
}
