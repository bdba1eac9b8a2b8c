/**
 * The key layout. One byte says what a record is; big-endian numbers keep LevelDB's order.
 *
 *     f                   format
 *     w <be64 sequence>   one write: all that became durable together
 */
import { viewOf } from "./byte-fields.ts";

const TWO_32 = 0x1_0000_0000;
const WRITE = 0x77;

export const FORMAT_KEY: Uint8Array = Uint8Array.of(0x66);

/** All writes lie in `[FIRST_WRITE_KEY, END_OF_WRITES_KEY)`. */
export const FIRST_WRITE_KEY: Uint8Array = writeKey(0);
export const END_OF_WRITES_KEY: Uint8Array = Uint8Array.of(WRITE + 1);

export function writeKey(sequence: number): Uint8Array {
  const key = new Uint8Array(9);
  const view = viewOf(key);
  key[0] = WRITE;
  view.setUint32(1, Math.floor(sequence / TWO_32));
  view.setUint32(5, sequence >>> 0);
  return key;
}

/** The number in a key that {@link writeKey} made. */
export function sequenceOf(key: Uint8Array): number {
  const view = viewOf(key);
  return view.getUint32(1) * TWO_32 + view.getUint32(5);
}
