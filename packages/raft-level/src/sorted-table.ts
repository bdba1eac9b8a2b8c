/**
 * Checks a table (`.ldb`) of LevelDB, which by default checks none of its own checksums when it
 * reads one: a flipped bit there could make a record look deleted, hide a whole block, or end
 * the process in a failed assertion.
 *
 * The format: blocks, each followed by `type u8 | masked crc32c u32`: data, filters, the index of
 * filters, the index of data; then a footer of 48 bytes that says where the indexes are.
 */
import { ByteReader } from "./byte-reader.ts";
import { viewOf } from "./byte-fields.ts";
import { maskedCrc32c } from "./record-file.ts";

const FOOTER_BYTES = 48;
const TRAILER_BYTES = 5;
const MAGIC = 0xdb47_7524_8b80_fb57n;
const UNCOMPRESSED = 0;

interface Block {
  readonly offset: number;
  readonly sizeBytes: number;
}

/** What is wrong with the table; `undefined` when its blocks check and leave no byte out. */
export function findTableDamage(file: Uint8Array): string | undefined {
  if (file.length < FOOTER_BYTES) return "it is too short";
  if (viewOf(file).getBigUint64(file.length - 8, true) !== MAGIC) return "its footer is bad";
  try {
    return findBadBlock(file);
  } catch (error) {
    if (error instanceof RangeError) return `an index is bad: ${error.message}`;
    throw error;
  }
}

function findBadBlock(file: Uint8Array): string | undefined {
  const footer = new ByteReader(file.subarray(file.length - FOOTER_BYTES));
  const [filters, data] = [readBlock(footer), readBlock(footer)];
  const indexes = [filters, data];
  const bad = indexes.find((block) => !isIntact(file, block));
  if (bad) return `the index at byte ${bad.offset} is bad`;
  // A compressed index is not followed: the tables of a log are never compressed.
  if (indexes.some((block) => isCompressed(file, block))) return undefined;
  // A damaged footer may point to the wrong, whole, block: only all of them together fill the file.
  let end = 0;
  for (const block of [...blocksOf(file, data), ...blocksOf(file, filters), filters, data]) {
    if (block.offset !== end || !isIntact(file, block)) return `the block at byte ${end} is bad`;
    end += block.sizeBytes + TRAILER_BYTES;
  }
  return end === file.length - FOOTER_BYTES ? undefined : `the block at byte ${end} is not in its index`;
}

function readBlock(reader: ByteReader): Block {
  return { offset: reader.varint(), sizeBytes: reader.varint() };
}

function isIntact(file: Uint8Array, { offset, sizeBytes }: Block): boolean {
  const checked = offset + sizeBytes + 1;
  if (offset + sizeBytes + TRAILER_BYTES > file.length - FOOTER_BYTES) return false;
  return viewOf(file).getUint32(checked, true) === maskedCrc32c(file, offset, checked);
}

function isCompressed(file: Uint8Array, { offset, sizeBytes }: Block): boolean {
  return file[offset + sizeBytes] !== UNCOMPRESSED;
}

/** The blocks that an index names: its entries are `shared | key bytes | value bytes | key | value`. */
function blocksOf(file: Uint8Array, { offset, sizeBytes }: Block): Block[] {
  const restarts = viewOf(file).getUint32(offset + sizeBytes - 4, true);
  const reader = new ByteReader(
    file.subarray(offset, Math.max(offset, offset + sizeBytes - 4 * (restarts + 1))),
  );
  const blocks: Block[] = [];
  while (!reader.done) {
    reader.varint();
    const keyBytes = reader.varint();
    const valueBytes = reader.varint();
    reader.take(keyBytes);
    blocks.push(readBlock(new ByteReader(reader.take(valueBytes))));
  }
  return blocks;
}
