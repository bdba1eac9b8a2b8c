/**
 * The format that LevelDB's write-ahead log and manifest share: blocks of 32 KiB, each a row of
 * `masked crc32c u32 | length u16 | type u8 | bytes`, where a record is one FULL piece, or a
 * FIRST, MIDDLEs and a LAST.
 */
import { crc32c } from "@coxswain/raft-core";
import { viewOf } from "./byte-fields.ts";

const BLOCK_BYTES = 32_768;
const HEADER_BYTES = 7;
const FULL = 1;
const FIRST = 2;
const LAST = 4;
const MASK_DELTA = 0xa282_ead8;

/** The first thing that is wrong with a file. */
export interface Flaw {
  /** `torn` when nothing but the last record is hit, as by a crash; `damaged` when whole ones follow. */
  readonly kind: "torn" | "damaged";
  /** Where the bad piece begins; the length of the file when a piece is missing at its end. */
  readonly offset: number;
}

export interface RecordFile {
  /** The whole records before the flaw, if there is one. */
  readonly records: readonly Uint8Array[];
  readonly flaw?: Flaw;
}

interface Piece {
  readonly begins: boolean;
  readonly ends: boolean;
  readonly payload: Uint8Array;
  readonly end: number;
}

/** Reads as far as everything checks. */
export function readRecords(file: Uint8Array): RecordFile {
  const records: Uint8Array[] = [];
  let pieces: Uint8Array[] = [];
  for (let offset = 0; offset < file.length; offset = skipTrailer(offset)) {
    const piece = pieceAt(file, offset);
    const isContinuation = pieces.length > 0;
    if (!piece || piece.begins === isContinuation) {
      return { records, flaw: { kind: recordBeginsFrom(file, offset) ? "damaged" : "torn", offset } };
    }
    pieces.push(piece.payload);
    offset = piece.end;
    if (!piece.ends) continue;
    records.push(pieces.length === 1 ? piece.payload : Buffer.concat(pieces));
    pieces = [];
  }
  return pieces.length > 0 ? { records, flaw: { kind: "torn", offset: file.length } } : { records };
}

/** Whether a piece of the stated length would end in the file: then the file was not just cut short. */
export function isComplete(file: Uint8Array, offset: number): boolean {
  return offset + HEADER_BYTES <= file.length && claimedEnd(file, offset) <= file.length;
}

/** LevelDB stores checksums masked, because it also checksums data that holds checksums. */
export function maskedCrc32c(bytes: Uint8Array, start: number, end: number): number {
  const crc = crc32c(bytes, start, end);
  return (((crc >>> 15) | (crc << 17)) + MASK_DELTA) >>> 0;
}

/** Less than a header does not fit at the end of a block; the next piece starts a new one. */
function skipTrailer(offset: number): number {
  const left = BLOCK_BYTES - (offset % BLOCK_BYTES);
  return left < HEADER_BYTES ? offset + left : offset;
}

/** The piece at `offset`, or `undefined` when it is not intact. */
function pieceAt(file: Uint8Array, offset: number): Piece | undefined {
  if (offset + HEADER_BYTES > file.length) return undefined;
  const type = file[offset + 6] ?? 0;
  const end = claimedEnd(file, offset);
  const endOfBlock = offset - (offset % BLOCK_BYTES) + BLOCK_BYTES;
  if (type < FULL || type > LAST || end > endOfBlock || end > file.length) return undefined;
  if (viewOf(file).getUint32(offset, true) !== maskedCrc32c(file, offset + 6, end)) return undefined;
  const payload = file.subarray(offset + HEADER_BYTES, end);
  return { begins: type <= FIRST, ends: type === FULL || type === LAST, payload, end };
}

function claimedEnd(file: Uint8Array, offset: number): number {
  return offset + HEADER_BYTES + viewOf(file).getUint16(offset + 4, true);
}

/** A damaged length cannot be trusted, so each later offset may be where a record begins. */
function recordBeginsFrom(file: Uint8Array, damaged: number): boolean {
  for (let offset = damaged; offset + HEADER_BYTES <= file.length; offset++) {
    const type = file[offset + 6];
    if ((type === FULL || type === FIRST) && pieceAt(file, offset)) return true;
  }
  return false;
}
