/**
 * CRC-32C (Castagnoli), as in RFC 3720 and in LevelDB's own files; four bytes at a step. For what has no `node:zlib`, or
 * must read the files of LevelDB.
 */

const POLYNOMIAL = 0x82f6_3b78;

function firstTable(): Uint32Array {
  const table = new Uint32Array(256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
    table[byte] = crc;
  }
  return table;
}

function nextTable(previous: Uint32Array, first: Uint32Array): Uint32Array {
  return previous.map((crc) => (crc >>> 8) ^ at(first, crc & 0xff));
}

function at(table: Uint32Array | Uint8Array, position: number): number {
  return table[position] as number;
}

const TABLE_0 = firstTable();
const TABLE_1 = nextTable(TABLE_0, TABLE_0);
const TABLE_2 = nextTable(TABLE_1, TABLE_0);
const TABLE_3 = nextTable(TABLE_2, TABLE_0);

/** The checksum of `bytes[start..end)`, as an unsigned 32-bit number. */
export function crc32c(bytes: Uint8Array, start = 0, end: number = bytes.length): number {
  let crc = -1;
  let position = start;
  for (; position + 4 <= end; position += 4) {
    crc ^=
      at(bytes, position) |
      (at(bytes, position + 1) << 8) |
      (at(bytes, position + 2) << 16) |
      (at(bytes, position + 3) << 24);
    crc =
      at(TABLE_3, crc & 0xff) ^
      at(TABLE_2, (crc >>> 8) & 0xff) ^
      at(TABLE_1, (crc >>> 16) & 0xff) ^
      at(TABLE_0, crc >>> 24);
  }
  for (; position < end; position++) crc = at(TABLE_0, (crc ^ at(bytes, position)) & 0xff) ^ (crc >>> 8);
  return ~crc >>> 0;
}
