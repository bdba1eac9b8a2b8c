/**
 * One write to the database: the steps that waited for it, made durable together as one record.
 */
import type { AppendBatch, Entry, HardState, SnapshotMeta } from "@coxswain/raft-core";
import type { Database } from "./database.ts";
import { InvalidAppendError } from "./errors.ts";
import { FORMAT_KEY, writeKey } from "./keys.ts";
import type { LiveWrites } from "./live-writes.ts";
import type { LogState } from "./log-state.ts";
import { FORMAT } from "./read-log.ts";
import { encodeWrite } from "./write-record.ts";

export class GroupWrite {
  readonly #before: LogState;
  #hardState: HardState;
  #snapshot: SnapshotMeta;
  #lastIndex: number;
  /** In place of everything from the first of them on. */
  #entries: Entry[] = [];
  #isReset = false;
  #isNew = false;

  constructor(state: LogState) {
    this.#before = state;
    this.#hardState = state.hardState;
    this.#snapshot = state.snapshot;
    this.#lastIndex = state.lastIndex;
  }

  /** Puts the entries in place of everything from the first of them on. */
  append({ entries, hardState }: AppendBatch): void {
    if (hardState) this.#hardState = hardState;
    const [first] = entries;
    if (!first) return;
    if (first.index <= this.#snapshot.index || first.index > this.#lastIndex + 1) {
      throw new InvalidAppendError(
        `entry ${first.index} does not follow: the log holds ${this.#snapshot.index + 1} to ${this.#lastIndex}`,
      );
    }
    this.#cutFrom(first.index);
    let next = first.index;
    for (const entry of entries) {
      if (entry.index !== next)
        throw new InvalidAppendError(`entry ${entry.index} came where ${next} was due`);
      this.#entries.push(entry);
      next += 1;
    }
    this.#lastIndex = next - 1;
  }

  /** Lets the log begin after the snapshot. */
  compact(snapshot: SnapshotMeta): void {
    if (snapshot.index <= this.#snapshot.index) return;
    if (snapshot.index > this.#lastIndex) {
      throw new InvalidAppendError(
        `the log ends at ${this.#lastIndex} and cannot be compacted to ${snapshot.index}: reset it`,
      );
    }
    this.#snapshot = snapshot;
  }

  /** Lets an empty log begin after the snapshot. */
  reset(snapshot: SnapshotMeta): void {
    this.#snapshot = snapshot;
    this.#lastIndex = snapshot.index;
    this.#entries = [];
    this.#isReset = true;
  }

  /** Founds an empty log. */
  found(): void {
    this.#isNew = true;
  }

  /** Writes all of it, and deletes what `live` no longer needs; resolves, when it is durable, with the new state. */
  async commit(database: Database, live: LiveWrites): Promise<LogState> {
    const sequence = this.#before.sequence + 1;
    const batch = database.batch();
    if (this.#isNew) batch.put(FORMAT_KEY, FORMAT);
    for (const dead of live.takeDead()) batch.del(writeKey(dead));
    const isMoved = this.#isNew || this.#isReset || this.#snapshot !== this.#before.snapshot;
    if (this.#isReset) live.reset();
    else if (isMoved) live.compact(this.#snapshot.index);
    // Only now: this write says where the log begins, so the next to say so is the first that may do without it.
    live.push(this.#entries.at(-1)?.index ?? 0);
    const [hardState, lastIndex] = [this.#hardState, this.#lastIndex];
    const record = encodeWrite({
      sequence,
      oldest: live.oldest,
      lastIndex,
      hardState,
      snapshot: isMoved ? this.#snapshot : undefined,
      isReset: this.#isReset,
      entries: this.#entries,
    });
    batch.put(writeKey(sequence), record);
    await batch.write({ sync: true });
    return { snapshot: this.#snapshot, lastIndex, hardState, sequence };
  }

  /** Entries that an earlier step of this write put, and a later one replaces. */
  #cutFrom(index: number): void {
    const [first] = this.#entries;
    if (first) this.#entries.length = Math.max(0, Math.min(this.#entries.length, index - first.index));
  }
}
