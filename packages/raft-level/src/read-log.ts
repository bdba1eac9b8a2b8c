/**
 * Reads a log and holds it against its markers (G16, and G17's rule for markers).
 */
import type { Entry } from "@coxswain/raft-core";
import type { BatchMarker } from "./batch-marker.ts";
import { decodeMarker } from "./batch-marker.ts";
import type { Database } from "./database.ts";
import { decodeEntry } from "./entry-record.ts";
import { LogDamagedError, LogFormatError } from "./errors.ts";
import {
  END_OF_BATCHES_KEY,
  END_OF_ENTRIES_KEY,
  entryKey,
  FIRST_BATCH_KEY,
  FORMAT_KEY,
  LOG_START_KEY,
} from "./keys.ts";
import type { LogStart } from "./log-start.ts";
import { decodeLogStart } from "./log-start.ts";
import type { LogState } from "./log-state.ts";
import { MARKER_SPAN_BYTES } from "./marker-window.ts";

const READ_AT_ONCE = 1_000;

/** The version of the layout of keys and records. */
export const FORMAT: Uint8Array = Uint8Array.of(1);

export interface RecoveredLog {
  readonly state: LogState;
  readonly entries: readonly Entry[];
  /** Oldest first. */
  readonly markers: readonly BatchMarker[];
}

/** What the database holds; `undefined` when it has never been written. */
export async function readLog(database: Database, directory: string): Promise<RecoveredLog | undefined> {
  if (!(await hasFormat(database, directory))) return undefined;
  const start = await readStart(database, directory);
  const markers = await readMarkers(database, directory);
  const newest = markers.at(-1);
  if (!newest) throw new LogDamagedError(directory, "it has no batch markers");
  const entries = await readEntries(database, directory, start, newest.lastIndex);
  const state = {
    start,
    lastIndex: newest.lastIndex,
    hardState: newest.hardState,
    sequence: newest.sequence,
  };
  return { state, entries, markers };
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

async function readStart(database: Database, directory: string): Promise<LogStart> {
  const record = await database.get(LOG_START_KEY);
  const start = record && decodeLogStart(record);
  if (!start) throw new LogDamagedError(directory, "the record of where the log begins is missing or bad");
  return start;
}

/** A hole between markers is a write that was lost after it had been acknowledged. */
async function readMarkers(database: Database, directory: string): Promise<BatchMarker[]> {
  const markers: BatchMarker[] = [];
  let sizeBytes = 0;
  for await (const [, record] of walk(database, FIRST_BATCH_KEY, END_OF_BATCHES_KEY)) {
    const marker = decodeMarker(record);
    const expected = (markers.at(-1)?.sequence ?? (marker?.sequence ?? 0) - 1) + 1;
    if (!marker) throw new LogDamagedError(directory, "a batch marker is bad");
    if (marker.sequence !== expected) throw new LogDamagedError(directory, `batch ${expected} is missing`);
    markers.push(marker);
    sizeBytes += marker.sizeBytes;
  }
  const oldest = markers[0]?.sequence ?? 0;
  if (oldest > 0 && sizeBytes < MARKER_SPAN_BYTES)
    throw new LogDamagedError(directory, `batch ${oldest - 1} is missing`);
  return markers;
}

/**
 * The entries from the begin of the log to its end. A bad one in the last batch is no torn write:
 * LevelDB keeps a batch as a whole or not at all, and the batch's marker is there.
 */
async function readEntries(
  database: Database,
  directory: string,
  { epoch, snapshot }: LogStart,
  lastIndex: number,
): Promise<Entry[]> {
  const entries: Entry[] = [];
  let next = snapshot.index + 1;
  for await (const [key, record] of walk(database, entryKey(epoch, next), END_OF_ENTRIES_KEY)) {
    if (next > lastIndex)
      throw new LogDamagedError(directory, `there are entries after the last, ${lastIndex}`);
    const entry = Buffer.compare(key, entryKey(epoch, next)) === 0 ? decodeEntry(record, next) : undefined;
    if (!entry) break;
    entries.push(entry);
    next += 1;
  }
  if (next <= lastIndex) throw new LogDamagedError(directory, `entry ${next} is missing or bad`);
  return entries;
}

async function* walk(
  database: Database,
  from: Uint8Array,
  to: Uint8Array,
): AsyncGenerator<[Uint8Array, Uint8Array]> {
  const iterator = database.iterator({ gte: from, lt: to });
  try {
    for (;;) {
      const records = await iterator.nextv(READ_AT_ONCE);
      if (records.length === 0) return;
      yield* records;
    }
  } finally {
    await iterator.close();
  }
}
