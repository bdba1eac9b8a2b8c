/**
 * Log entries in bytes, packed one after the other: `type | index | term | length | data`.
 */
import type { Entry, EntryType } from "@coxswain/raft-core";
import type { ByteReader } from "./byte-reader.ts";
import type { ByteWriter } from "./byte-writer.ts";
import { MAX_VARINT_BYTES } from "./byte-writer.ts";

const TYPES: readonly EntryType[] = ["normal", "noop", "config"];
const LEAST_BYTES = 4;

/** No more than this many bytes are written for the entries. */
export function entriesBound(entries: readonly Entry[]): number {
  let bound = MAX_VARINT_BYTES;
  for (const entry of entries) bound += 1 + 3 * MAX_VARINT_BYTES + entry.data.length;
  return bound;
}

export function writeEntries(writer: ByteWriter, entries: readonly Entry[]): void {
  writer.varint(entries.length);
  for (const entry of entries) {
    writer.byte(TYPES.indexOf(entry.type));
    writer.varint(entry.index);
    writer.varint(entry.term);
    writer.bytes(entry.data);
  }
}

export function readEntries(reader: ByteReader): Entry[] {
  const entries: Entry[] = [];
  for (let left = reader.count(LEAST_BYTES); left > 0; left--) {
    const type = TYPES[reader.byte()];
    if (type === undefined) throw reader.malformed("an entry has an unknown type");
    const index = reader.varint();
    const term = reader.varint();
    entries.push({ index, term, type, data: reader.bytes() });
  }
  return entries;
}
