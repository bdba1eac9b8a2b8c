/**
 * Reads a log: every write that is there, checked, and then done again in order (G16, G17).
 */
import type { Entry, SnapshotMeta } from "@coxswain/raft-core";
import type { Database } from "./database.ts";
import { LogDamagedError, LogFormatError } from "./errors.ts";
import { END_OF_WRITES_KEY, FIRST_WRITE_KEY, FORMAT_KEY, sequenceOf } from "./keys.ts";
import { LiveWrites } from "./live-writes.ts";
import type { LogState } from "./log-state.ts";
import type { WriteRecord } from "./write-record.ts";
import { decodeWrite } from "./write-record.ts";

/** Writes are large: no more than these are fetched in one step. */
const READ_AT_ONCE = 64;

/** The version of the layout of keys and records. */
export const FORMAT: Uint8Array = Uint8Array.of(2);

export interface RecoveredLog {
  readonly state: LogState;
  readonly entries: readonly Entry[];
  readonly live: LiveWrites;
}

/** What the database holds; `undefined` when it has never been written. */
export async function readLog(database: Database, directory: string): Promise<RecoveredLog | undefined> {
  if (!(await hasFormat(database, directory))) return undefined;
  const found = await readWrites(database);
  const newest = found.at(-1);
  if (!newest) throw new LogDamagedError(directory, "it holds no writes");
  if (!newest.write) throw new LogDamagedError(directory, `write ${newest.sequence} is bad`);
  const live = liveOf(directory, found, newest.write.oldest);
  const { snapshot, entries } = redo(directory, live);
  const { lastIndex, hardState, sequence } = newest.write;
  if ((entries.at(-1)?.index ?? snapshot.index) !== lastIndex)
    throw new LogDamagedError(directory, `entry ${lastIndex} is missing`);
  const writes = new LiveWrites(newest.write.oldest, found[0]?.sequence);
  for (const write of live) writes.push(write.entries.at(-1)?.index ?? 0);
  return { state: { snapshot, lastIndex, hardState, sequence }, entries, live: writes };
}

async function hasFormat(database: Database, directory: string): Promise<boolean> {
  const format = await database.get(FORMAT_KEY);
  if (format) {
    if (Buffer.compare(format, FORMAT) !== 0)
      throw new LogFormatError(directory, `format ${format.join(".")}`);
    return true;
  }
  const [anything] = await firstKeys(database);
  if (anything) throw new LogFormatError(directory, "records without a format");
  return false;
}

async function firstKeys(database: Database): Promise<Uint8Array[]> {
  const keys = database.keys({ gte: Uint8Array.of(0), lt: Uint8Array.of(0xff) });
  try {
    return await keys.nextv(1);
  } finally {
    await keys.close();
  }
}

interface FoundWrite {
  readonly sequence: number;
  /** Undefined when it is bad. */
  readonly write: WriteRecord | undefined;
}

async function readWrites(database: Database): Promise<FoundWrite[]> {
  const found: FoundWrite[] = [];
  const iterator = database.iterator({ gte: FIRST_WRITE_KEY, lt: END_OF_WRITES_KEY });
  try {
    for (;;) {
      const records = await iterator.nextv(READ_AT_ONCE);
      if (records.length === 0) return found;
      for (const [key, record] of records) {
        const sequence = sequenceOf(key);
        found.push({ sequence, write: decodeWrite(record, sequence) });
      }
    }
  } finally {
    await iterator.close();
  }
}

/** The writes that count. A hole among them is one that was lost after it had been acknowledged. */
function liveOf(directory: string, found: readonly FoundWrite[], oldest: number): WriteRecord[] {
  const live: WriteRecord[] = [];
  for (const { sequence, write } of found) {
    // What is dead may be bad: a crash may have come while it was deleted.
    if (sequence < oldest) continue;
    const expected = oldest + live.length;
    if (sequence !== expected) throw new LogDamagedError(directory, `write ${expected} is missing`);
    if (!write) throw new LogDamagedError(directory, `write ${sequence} is bad`);
    live.push(write);
  }
  return live;
}

/** Does the writes again, in order, from the oldest that is needed on. */
function redo(
  directory: string,
  writes: readonly WriteRecord[],
): { snapshot: SnapshotMeta; entries: Entry[] } {
  let snapshot: SnapshotMeta | undefined;
  let entries: Entry[] = [];
  for (const write of writes) {
    if (write.isReset) entries = [];
    snapshot = write.snapshot ?? snapshot;
    const [first] = write.entries;
    if (!first) continue;
    const base = entries[0]?.index ?? first.index;
    if (first.index > base + entries.length)
      throw new LogDamagedError(directory, `entry ${base + entries.length} is missing`);
    entries.length = Math.max(0, first.index - base);
    for (const entry of write.entries) entries.push(entry);
  }
  if (!snapshot) throw new LogDamagedError(directory, "nothing says where it begins");
  const begin = snapshot.index + 1;
  const base = entries[0]?.index ?? begin;
  if (base > begin) throw new LogDamagedError(directory, `entry ${begin} is missing`);
  return { snapshot, entries: entries.slice(begin - base) };
}
