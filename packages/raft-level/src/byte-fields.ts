/**
 * Fixed-width little-endian fields: records are found and checked without parsing a length first.
 */

const TWO_32 = 0x1_0000_0000;
/** The high half of the largest safe integer. */
const MAX_HIGH = 0x1f_ffff;

/** Writes an integer from 0 to 2^53 - 1 in 8 bytes. */
export function putUint53(view: DataView, offset: number, value: number): void {
  view.setUint32(offset, value >>> 0, true);
  view.setUint32(offset + 4, Math.floor(value / TWO_32), true);
}

/** Reads what {@link putUint53} wrote; `undefined` when it is no such integer. */
export function getUint53(view: DataView, offset: number): number | undefined {
  const high = view.getUint32(offset + 4, true);
  return high > MAX_HIGH ? undefined : high * TWO_32 + view.getUint32(offset, true);
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
