/**
 * One atomic, synced write in the making.
 */
import type { AbstractChainedBatch } from "abstract-level";
import type { Change, RecordTable } from "../record-table.ts";
import type { IndexEntry } from "../records/job.ts";
import type { StateDatabase } from "../state-directory.ts";
import { NO_BYTES, toBytes } from "./text.ts";

/** Operations put together between two turns of the event loop: a few milliseconds. */
const OPERATIONS_PER_SLICE = 1_024;
const NO_INDEXES: readonly IndexEntry[] = [];

export class WriteBatch {
  readonly #batch: AbstractChainedBatch<StateDatabase, string, Uint8Array>;
  #inSlice = 0;
  /** Keys and values so far. */
  sizeBytes = 0;

  constructor(db: StateDatabase) {
    this.#batch = db.batch();
  }

  /** `undefined` removes. */
  set(key: string, value: Uint8Array | undefined): void {
    if (value === undefined) this.#batch.del(key);
    else this.#batch.put(key, value);
    this.sizeBytes += key.length + (value?.length ?? 0);
    this.#inSlice += 1;
  }

  /** Whether it is time to let the event loop turn. Begins the next slice if so. */
  isSliceFull(): boolean {
    if (this.#inSlice < OPERATIONS_PER_SLICE) return false;
    this.#inSlice = 0;
    return true;
  }

  async write(): Promise<void> {
    const synced: object = { sync: true };
    await this.#batch.write(synced);
  }
}

/** A record and its index entries. Only what differs is written. */
export function writeChange(
  batch: WriteBatch,
  { kind }: RecordTable<unknown>,
  id: string,
  { before, after, blind }: Change<unknown>,
): void {
  if (after !== undefined) batch.set(kind.key(id), kind.encode(after));
  else if (before !== undefined || blind) batch.set(kind.key(id), undefined);
  if (kind.indexes === undefined) return;
  const old = before === undefined ? NO_INDEXES : kind.indexes(before);
  const fresh = after === undefined ? NO_INDEXES : kind.indexes(after);
  for (const [key, value] of fresh) {
    if (!old.some((entry) => entry[0] === key && entry[1] === value))
      batch.set(key, value === "" ? NO_BYTES : toBytes(value));
  }
  for (const [key] of old) {
    if (!fresh.some((entry) => entry[0] === key)) batch.set(key, undefined);
  }
}
