/**
 * One entry as stored: `crc32c u32 | type u8 | index u53 | term u53 | data`. The checksum covers
 * the index too, so that a record in the wrong place is as bad as one with a flipped bit.
 */
import type { Entry, EntryType } from "@coxswain/raft-core";
import { getUint53, putUint53, viewOf } from "./byte-fields.ts";
import { crc32c } from "./crc32c.ts";

const TYPES: readonly EntryType[] = ["normal", "noop", "config"];
const TYPE_AT = 4;
const INDEX_AT = 5;
const TERM_AT = 13;

/** Bytes of an entry record besides its data. */
export const ENTRY_HEADER_BYTES = 21;

export function encodeEntry(entry: Entry): Uint8Array {
  const record = Buffer.allocUnsafe(ENTRY_HEADER_BYTES + entry.data.length);
  const view = viewOf(record);
  record[TYPE_AT] = TYPES.indexOf(entry.type);
  putUint53(view, INDEX_AT, entry.index);
  putUint53(view, TERM_AT, entry.term);
  record.set(entry.data, ENTRY_HEADER_BYTES);
  view.setUint32(0, crc32c(record, TYPE_AT), true);
  return record;
}

/** The entry, or `undefined` when the record is not the intact one of `index`. */
export function decodeEntry(record: Uint8Array, index: number): Entry | undefined {
  if (record.length < ENTRY_HEADER_BYTES) return undefined;
  const view = viewOf(record);
  if (view.getUint32(0, true) !== crc32c(record, TYPE_AT)) return undefined;
  const type = TYPES[view.getUint8(TYPE_AT)];
  const term = getUint53(view, TERM_AT);
  if (type === undefined || term === undefined || getUint53(view, INDEX_AT) !== index) return undefined;
  const data = new Uint8Array(
    record.buffer,
    record.byteOffset + ENTRY_HEADER_BYTES,
    record.length - ENTRY_HEADER_BYTES,
  );
  return { index, term, type, data };
}
