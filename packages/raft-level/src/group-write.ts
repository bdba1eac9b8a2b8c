/**
 * One write to the database: the steps that waited for it, made durable together.
 */
import type { AppendBatch, SnapshotMeta } from "@coxswain/raft-core";
import { encodeMarker } from "./batch-marker.ts";
import type { Database, DatabaseBatch } from "./database.ts";
import { encodeEntry } from "./entry-record.ts";
import { InvalidAppendError } from "./errors.ts";
import { batchKey, entryKey, FORMAT_KEY, LOG_START_KEY } from "./keys.ts";
import { encodeLogStart } from "./log-start.ts";
import type { LogState } from "./log-state.ts";
import type { MarkerWindow } from "./marker-window.ts";
import { FORMAT } from "./read-log.ts";

/** LevelDB's own cost of a record in its write-ahead log, rounded up. */
const RECORD_OVERHEAD_BYTES = 24;
const MARKER_BYTES = 81;

export class GroupWrite {
  #state: LogState;
  #firstIndex = 0;
  #sizeBytes = MARKER_BYTES;
  readonly #batch: DatabaseBatch;

  constructor(database: Database, state: LogState) {
    this.#batch = database.batch();
    this.#state = state;
  }

  /** Puts the entries in place of everything from the first of them on. */
  append({ entries, hardState }: AppendBatch): void {
    if (hardState) this.#state = { ...this.#state, hardState };
    const [first] = entries;
    if (!first) return;
    const { epoch, snapshot } = this.#state.start;
    const { lastIndex } = this.#state;
    if (first.index <= snapshot.index || first.index > lastIndex + 1) {
      throw new InvalidAppendError(
        `entry ${first.index} does not follow: the log holds ${snapshot.index + 1} to ${lastIndex}`,
      );
    }
    let next = first.index;
    for (const entry of entries) {
      if (entry.index !== next)
        throw new InvalidAppendError(`entry ${entry.index} came where ${next} was due`);
      this.#put(entryKey(epoch, next), encodeEntry(entry));
      next += 1;
    }
    for (let index = next; index <= lastIndex; index++) this.delete(entryKey(epoch, index));
    this.#firstIndex = this.#firstIndex === 0 ? first.index : Math.min(this.#firstIndex, first.index);
    this.#state = { ...this.#state, lastIndex: next - 1 };
  }

  /** Lets the log begin after the snapshot. The entries before it are dead, and deleted later. */
  compact(snapshot: SnapshotMeta): void {
    const { start, lastIndex } = this.#state;
    if (snapshot.index <= start.snapshot.index) return;
    if (snapshot.index > lastIndex) {
      throw new InvalidAppendError(
        `the log ends at ${lastIndex} and cannot be compacted to ${snapshot.index}: reset it`,
      );
    }
    this.#begin({ epoch: start.epoch, snapshot }, lastIndex);
    if (this.#firstIndex > 0 && this.#firstIndex <= snapshot.index) {
      this.#firstIndex = lastIndex > snapshot.index ? snapshot.index + 1 : 0;
    }
  }

  /** Lets an empty log begin after the snapshot: entries of the epoch so far are dead. */
  reset(snapshot: SnapshotMeta): void {
    this.#begin({ epoch: this.#state.start.epoch + 1, snapshot }, snapshot.index);
    this.#firstIndex = 0;
  }

  /** Founds an empty log. */
  found(): void {
    this.#put(FORMAT_KEY, FORMAT);
    this.#begin(this.#state.start, this.#state.lastIndex);
  }

  delete(key: Uint8Array): void {
    this.#batch.del(key);
    this.#sizeBytes += key.length + RECORD_OVERHEAD_BYTES;
  }

  /** Writes all of it with its marker; resolves, when it is durable, with the new state. */
  async commit(window: MarkerWindow): Promise<LogState> {
    const sequence = this.#state.sequence + 1;
    const sizeBytes = this.#sizeBytes;
    for (const dropped of window.push({ sequence, sizeBytes })) this.#batch.del(batchKey(dropped));
    const { lastIndex, hardState } = this.#state;
    const marker = { sequence, firstIndex: this.#firstIndex, lastIndex, sizeBytes, hardState };
    this.#batch.put(batchKey(sequence), encodeMarker(marker));
    await this.#batch.write({ sync: true });
    return { ...this.#state, sequence };
  }

  #begin(start: LogState["start"], lastIndex: number): void {
    this.#put(LOG_START_KEY, encodeLogStart(start));
    this.#state = { ...this.#state, start, lastIndex };
  }

  #put(key: Uint8Array, record: Uint8Array): void {
    this.#batch.put(key, record);
    this.#sizeBytes += key.length + record.length + RECORD_OVERHEAD_BYTES;
  }
}
