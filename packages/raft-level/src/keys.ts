/**
 * The key layout. One byte says what a record is; big-endian numbers keep LevelDB's order.
 *
 *     f                          format
 *     s                          where the log begins, and its epoch
 *     b <be64 sequence>          marker of a batch
 *     e <be32 epoch> <be64 index> entry
 *
 * Entries of earlier epochs are dead: a reset moves on to the next epoch in one small write,
 * however long the log was.
 */
import { viewOf } from "./byte-fields.ts";

const TWO_32 = 0x1_0000_0000;
const BATCH = 0x62;
const ENTRY = 0x65;

export const FORMAT_KEY: Uint8Array = Uint8Array.of(0x66);
export const LOG_START_KEY: Uint8Array = Uint8Array.of(0x73);

/** All markers lie in `[FIRST_BATCH_KEY, END_OF_BATCHES_KEY)`. */
export const FIRST_BATCH_KEY: Uint8Array = batchKey(0);
export const END_OF_BATCHES_KEY: Uint8Array = Uint8Array.of(BATCH + 1);

/** All entries of all epochs lie in `[FIRST_ENTRY_KEY, END_OF_ENTRIES_KEY)`. */
export const FIRST_ENTRY_KEY: Uint8Array = entryKey(0, 0);
export const END_OF_ENTRIES_KEY: Uint8Array = Uint8Array.of(ENTRY + 1);

export function batchKey(sequence: number): Uint8Array {
  const key = new Uint8Array(9);
  key[0] = BATCH;
  putBigEndian(viewOf(key), 1, sequence);
  return key;
}

export function entryKey(epoch: number, index: number): Uint8Array {
  const key = new Uint8Array(13);
  const view = viewOf(key);
  key[0] = ENTRY;
  view.setUint32(1, epoch);
  putBigEndian(view, 5, index);
  return key;
}

function putBigEndian(view: DataView, offset: number, value: number): void {
  view.setUint32(offset, Math.floor(value / TWO_32));
  view.setUint32(offset + 4, value >>> 0);
}
