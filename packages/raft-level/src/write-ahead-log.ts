/**
 * Looks through LevelDB's write-ahead log before LevelDB does. LevelDB skips what it cannot
 * read there, with all that follows in the same 32 KiB, and then deletes the file; a torn last
 * write may be skipped so, an earlier one may not (G16).
 *
 * The format: blocks of 32 KiB, each a row of `masked crc32c u32 | length u16 | type u8 | bytes`,
 * where a write is one FULL piece, or a FIRST, MIDDLEs and a LAST.
 */
import { viewOf } from "./byte-fields.ts";
import { crc32c } from "./crc32c.ts";

const BLOCK_BYTES = 32_768;
const HEADER_BYTES = 7;
const FULL = 1;
const FIRST = 2;
const LAST_TYPE = 4;
const MASK_DELTA = 0xa282_ead8;

/**
 * The offset of a damaged piece that whole writes follow; `undefined` when all is well or only
 * the last write is torn.
 */
export function findDamage(file: Uint8Array): number | undefined {
  let offset = 0;
  for (;;) {
    offset = skipTrailer(offset);
    if (offset + HEADER_BYTES > file.length) return undefined;
    const end = endOfPiece(file, offset);
    if (end === undefined) return writeBeginsAfter(file, offset) ? offset : undefined;
    offset = end;
  }
}

/** Less than a header does not fit at the end of a block; the next piece starts a new one. */
function skipTrailer(offset: number): number {
  const left = BLOCK_BYTES - (offset % BLOCK_BYTES);
  return left < HEADER_BYTES ? offset + left : offset;
}

/** Where the piece at `offset` ends, or `undefined` when it is not intact. */
function endOfPiece(file: Uint8Array, offset: number): number | undefined {
  const view = viewOf(file);
  const type = view.getUint8(offset + 6);
  const end = offset + HEADER_BYTES + view.getUint16(offset + 4, true);
  const endOfBlock = offset - (offset % BLOCK_BYTES) + BLOCK_BYTES;
  if (type < FULL || type > LAST_TYPE || end > endOfBlock || end > file.length) return undefined;
  return view.getUint32(offset, true) === mask(crc32c(file, offset + 6, end)) ? end : undefined;
}

/** The damaged length cannot be trusted, so each later offset may be where a write begins. */
function writeBeginsAfter(file: Uint8Array, damaged: number): boolean {
  for (let offset = damaged + 1; offset + HEADER_BYTES <= file.length; offset++) {
    const type = file[offset + 6];
    if ((type === FULL || type === FIRST) && endOfPiece(file, offset) !== undefined) return true;
  }
  return false;
}

/** LevelDB stores checksums masked, because it also checksums data that holds checksums. */
function mask(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + MASK_DELTA) >>> 0;
}
