import { describe, expect, test } from "@jest/globals";
import { crc32c } from "../src/crc32c.ts";
import { findDamage } from "../src/write-ahead-log.ts";
import { withOneBitFlipped } from "./flip.ts";

const BLOCK = 32_768;
const [FULL, FIRST, MIDDLE, LAST] = [1, 2, 3, 4] as const;

/** Writes as LevelDB does: in one piece, or in pieces that end with their block. */
function writeAheadLog(sizes: number[]): { file: Buffer; ends: number[] } {
  const parts: Buffer[] = [];
  const ends: number[] = [];
  let offset = 0;
  const push = (part: Buffer) => (parts.push(part), (offset += part.length));
  for (const [n, size] of sizes.entries()) {
    let rest = Buffer.alloc(size, n + 1);
    for (let first = true; first || rest.length > 0; first = false) {
      if (BLOCK - (offset % BLOCK) < 7) push(Buffer.alloc(BLOCK - (offset % BLOCK)));
      const room = BLOCK - (offset % BLOCK) - 7;
      const taken = rest.subarray(0, room);
      rest = rest.subarray(taken.length);
      const ended = rest.length === 0;
      push(piece(first ? (ended ? FULL : FIRST) : ended ? LAST : MIDDLE, taken));
    }
    ends.push(offset);
  }
  return { file: Buffer.concat(parts), ends };
}

function piece(type: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(7);
  header.writeUInt16LE(payload.length, 4);
  header.writeUInt8(type, 6);
  const crc = crc32c(Buffer.concat([header.subarray(6), payload]));
  header.writeUInt32LE((((crc >>> 15) | (crc << 17)) + 0xa282_ead8) >>> 0);
  return Buffer.concat([header, payload]);
}

describe("a whole write-ahead log", () => {
  test.each([[[]], [[0]], [[10, 20, 30]], [[100_000, 5, 40_000]], [[BLOCK - 7 - 3, 50]]])("of writes of %j bytes has no damage", (sizes) => {
    expect(findDamage(writeAheadLog(sizes).file)).toBeUndefined();
  });
});

describe("a torn write-ahead log", () => {
  test("has no damage wherever it was cut", () => {
    const { file } = writeAheadLog([20, 70_000, 30]);
    for (let length = 0; length < file.length; length += length % BLOCK < 64 ? 1 : 997) {
      expect(findDamage(file.subarray(0, length))).toBeUndefined();
    }
  });

  test("has no damage when only its last write was hit", () => {
    const { file, ends } = writeAheadLog([20, 30, 60]);
    const last = file.subarray(ends[1]);
    for (const flipped of withOneBitFlipped(last)) {
      expect(findDamage(Buffer.concat([file.subarray(0, ends[1]), flipped]))).toBeUndefined();
    }
  });

  test("has no damage when a middle piece of its last write was hit", () => {
    const { file } = writeAheadLog([20, 100_000]);
    file[BLOCK + 100]! ^= 4;
    expect(findDamage(file)).toBeUndefined();
  });

  test("has no damage when zeroes stand for what was not written", () => {
    const { file } = writeAheadLog([20, 30]);
    expect(findDamage(Buffer.concat([file, Buffer.alloc(5_000)]))).toBeUndefined();
  });
});

describe("a damaged write-ahead log", () => {
  test("is found for any bit of a write that others follow", () => {
    const { file, ends } = writeAheadLog([20, 30, 60]);
    const middle = file.subarray(ends[0], ends[1]);
    for (const flipped of withOneBitFlipped(middle)) {
      const damaged = Buffer.concat([file.subarray(0, ends[0]), flipped, file.subarray(ends[1])]);
      expect(findDamage(damaged)).toBe(ends[0]);
    }
  });

  test("is found when the next write begins blocks later", () => {
    const { file } = writeAheadLog([100_000, 10]);
    file[50]! ^= 1;
    expect(findDamage(file)).toBe(0);
  });
});
