/**
 * One write as stored. Numbers are little-endian:
 *
 *     crc32 u32 | flags u8 | sequence u53 | oldest u53 | last index u53 | term u53 | voted for u32
 *     if it moves the begin of the log:  length u32 | snapshot
 *     if it has entries:                 first index u53 | count u32 | entries...
 *     each entry:                        type u8 | term u53 | length u32 | data
 *
 * A record for each write rather than for each entry: LevelDB's cost is by the record. The checksum covers the sequence,
 * so that a record in the wrong place is as bad as one with a flipped bit.
 */
import { crc32 } from "node:zlib";
import type { Entry, EntryType, HardState, SnapshotMeta } from "@coxswain/raft-core";
import { getUint53, putUint53, viewOf } from "./byte-fields.ts";
import { decodeSnapshot, encodeSnapshot } from "./snapshot-record.ts";

/** What became durable together. */
export interface WriteRecord {
  /** Rises by one with each write; the first is 0. */
  readonly sequence: number;
  /** Writes before this one are dead: nothing of the log is in them. */
  readonly oldest: number;
  /** The last index of the log after this write. */
  readonly lastIndex: number;
  readonly hardState: HardState;
  /** Where the log begins from now on, if that changed. */
  readonly snapshot: SnapshotMeta | undefined;
  /** Nothing from before this write is left but the hard state. */
  readonly isReset: boolean;
  /** In place of everything from the first of them on; gapless. */
  readonly entries: readonly Entry[];
}

const TYPES: readonly EntryType[] = ["normal", "noop", "config"];
const RESET = 1;
const SNAPSHOT = 2;
const ENTRIES = 4;

const HEADER_BYTES = 41;
const LIST_HEADER_BYTES = 12;
const ENTRY_HEADER_BYTES = 13;

export function encodeWrite(write: WriteRecord): Uint8Array {
  const { entries, hardState } = write;
  const snapshot = write.snapshot && encodeSnapshot(write.snapshot);
  let sizeBytes = HEADER_BYTES;
  if (snapshot) sizeBytes += 4 + snapshot.length;
  if (entries.length > 0) sizeBytes += LIST_HEADER_BYTES;
  for (const { data } of entries) sizeBytes += ENTRY_HEADER_BYTES + data.length;
  const record = Buffer.allocUnsafe(sizeBytes);
  const view = viewOf(record);
  record[4] = (write.isReset ? RESET : 0) | (snapshot ? SNAPSHOT : 0) | (entries.length > 0 ? ENTRIES : 0);
  putUint53(view, 5, write.sequence);
  putUint53(view, 13, write.oldest);
  putUint53(view, 21, write.lastIndex);
  putUint53(view, 29, hardState.term);
  view.setUint32(37, hardState.votedFor, true);
  let at = HEADER_BYTES;
  if (snapshot) {
    view.setUint32(at, snapshot.length, true);
    record.set(snapshot, at + 4);
    at += 4 + snapshot.length;
  }
  putEntries(record, view, at, entries);
  view.setUint32(0, crc32(record.subarray(4)), true);
  return record;
}

function putEntries(record: Uint8Array, view: DataView, from: number, entries: readonly Entry[]): void {
  const [first] = entries;
  if (!first) return;
  putUint53(view, from, first.index);
  view.setUint32(from + 8, entries.length, true);
  let at = from + LIST_HEADER_BYTES;
  for (const { type, term, data } of entries) {
    record[at] = TYPES.indexOf(type);
    putUint53(view, at + 1, term);
    view.setUint32(at + 9, data.length, true);
    record.set(data, at + ENTRY_HEADER_BYTES);
    at += ENTRY_HEADER_BYTES + data.length;
  }
}

/** The write, or `undefined` when the record is not the intact one of `sequence`. Entries are views of `record`. */
export function decodeWrite(record: Uint8Array, sequence: number): WriteRecord | undefined {
  if (record.length < HEADER_BYTES) return undefined;
  const view = viewOf(record);
  if (view.getUint32(0, true) !== crc32(record.subarray(4))) return undefined;
  try {
    return readWrite(record, view, sequence);
  } catch {
    // A length that leads out of the record: whole by its checksum, but not one of ours.
    return undefined;
  }
}

function readWrite(record: Uint8Array, view: DataView, sequence: number): WriteRecord | undefined {
  const flags = view.getUint8(4);
  const [found, oldest, lastIndex, term] = [5, 13, 21, 29].map((at) => getUint53(view, at));
  if (found !== sequence || oldest === undefined || lastIndex === undefined || term === undefined)
    return undefined;
  let at = HEADER_BYTES;
  let snapshot: SnapshotMeta | undefined;
  if ((flags & SNAPSHOT) !== 0) {
    const end = at + 4 + view.getUint32(at, true);
    snapshot = decodeSnapshot(record.subarray(at + 4, end));
    if (!snapshot) return undefined;
    at = end;
  }
  const entries = (flags & ENTRIES) === 0 ? [] : readEntries(record, view, at);
  if (!entries) return undefined;
  const hardState = { term, votedFor: view.getUint32(37, true) };
  return { sequence, oldest, lastIndex, hardState, snapshot, isReset: (flags & RESET) !== 0, entries };
}

/** Throws when a length leads out of the record. */
function readEntries(record: Uint8Array, view: DataView, from: number): Entry[] | undefined {
  const firstIndex = getUint53(view, from);
  const count = view.getUint32(from + 8, true);
  if (firstIndex === undefined) return undefined;
  const entries: Entry[] = [];
  let at = from + LIST_HEADER_BYTES;
  for (let index = firstIndex; index < firstIndex + count; index++) {
    const type = TYPES[view.getUint8(at)];
    const term = getUint53(view, at + 1);
    const length = view.getUint32(at + 9, true);
    if (type === undefined || term === undefined) return undefined;
    const data = new Uint8Array(record.buffer, record.byteOffset + at + ENTRY_HEADER_BYTES, length);
    entries.push({ index, term, type, data });
    at += ENTRY_HEADER_BYTES + length;
  }
  return at === record.length ? entries : undefined;
}
