import { describe, expect, test } from "@jest/globals";
import { crc32c } from "@coxswain/raft-core";
import { readRecords } from "../src/record-file.ts";
import { withOneBitFlipped } from "./flip.ts";

const BLOCK = 32_768;
const [FULL, FIRST, MIDDLE, LAST] = [1, 2, 3, 4] as const;

/** Writes as LevelDB does: in one piece, or in pieces that end with their block. */
function recordFile(sizes: number[]): { file: Buffer; ends: number[] } {
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

function flawOf(file: Uint8Array): string | undefined {
  return readRecords(file).flaw?.kind;
}

describe("a whole file", () => {
  test.each([[[]], [[0]], [[10, 20, 30]], [[100_000, 5, 40_000]], [[BLOCK - 7 - 3, 50]]])(
    "of records of %j bytes gives them back",
    (sizes) => {
      const { records, flaw } = readRecords(recordFile(sizes).file);
      expect(flaw).toBeUndefined();
      expect(records.map((record) => record.length)).toEqual(sizes);
      records.forEach((record, n) => expect(record.every((byte) => byte === n + 1)).toBe(true));
    },
  );
});

describe("a torn file", () => {
  test("is told from a damaged one wherever it was cut, and keeps the records before", () => {
    const sizes = [20, 70_000, 30];
    const { file, ends } = recordFile(sizes);
    for (let length = 0; length < file.length; length += length % BLOCK < 64 ? 1 : 997) {
      const { records, flaw } = readRecords(file.subarray(0, length));
      const whole = ends.filter((end) => end <= length).length;
      expect(records.map((record) => record.length)).toEqual(sizes.slice(0, whole));
      expect(flaw?.kind).toBe(length === 0 || ends.includes(length) ? undefined : "torn");
    }
  });

  test("is one with a flipped bit in its last record alone", () => {
    const { file, ends } = recordFile([20, 30, 60]);
    const last = file.subarray(ends[1]);
    for (const flipped of withOneBitFlipped(last)) {
      const { records, flaw } = readRecords(Buffer.concat([file.subarray(0, ends[1]), flipped]));
      expect(flaw).toEqual({ kind: "torn", offset: ends[1] });
      expect(records).toHaveLength(2);
    }
  });

  test("is one with a flipped bit in a middle piece of its last record", () => {
    const { file } = recordFile([20, 100_000]);
    file[BLOCK + 100]! ^= 4;
    expect(readRecords(file)).toMatchObject({
      records: [{ length: 20 }],
      flaw: { kind: "torn", offset: BLOCK },
    });
  });

  test("is one where zeroes stand for what was not written", () => {
    const { file } = recordFile([20, 30]);
    expect(flawOf(Buffer.concat([file, Buffer.alloc(5_000)]))).toBe("torn");
  });
});

describe("a damaged file", () => {
  test("is found for any bit of a record that others follow", () => {
    const { file, ends } = recordFile([20, 30, 60]);
    const middle = file.subarray(ends[0], ends[1]);
    for (const flipped of withOneBitFlipped(middle)) {
      const damaged = Buffer.concat([file.subarray(0, ends[0]), flipped, file.subarray(ends[1])]);
      expect(readRecords(damaged).flaw).toEqual({ kind: "damaged", offset: ends[0] });
    }
  });

  test("is found when the next record begins blocks later", () => {
    const { file } = recordFile([100_000, 10]);
    file[50]! ^= 1;
    expect(readRecords(file).flaw).toEqual({ kind: "damaged", offset: 0 });
  });

  test("is found when whole pieces do not follow from each other", () => {
    const { file } = recordFile([100_000, 10]);
    const withoutItsEnd = Buffer.concat([file.subarray(0, BLOCK), recordFile([10]).file]);
    expect(readRecords(withoutItsEnd).flaw).toEqual({ kind: "damaged", offset: BLOCK });
    const withoutItsBegin = Buffer.concat([recordFile([BLOCK - 7]).file, file.subarray(BLOCK)]);
    expect(readRecords(withoutItsBegin).flaw).toEqual({ kind: "damaged", offset: BLOCK });
  });
});
