import { describe, expect, test } from "@jest/globals";
import { readManifest } from "../src/manifest.ts";

const text = (value: string) => [value.length, ...Buffer.from(value)];
const founding = [1, ...text("leveldb.BytewiseComparator"), 2, 0, 3, 2, 4, 0];
const newFile = (level: number, number: number, sizeBytes: readonly number[]) => [
  7,
  level,
  number,
  ...sizeBytes,
  ...text("a"),
  ...text("z"),
];
const read = (...records: number[][]) => readManifest(records.map((record) => Uint8Array.from(record)));

describe("a manifest", () => {
  test("of a new database names no table, and the write-ahead log 0: there is none", () => {
    expect(read(founding)).toEqual({ logNumber: 0, tables: new Map() });
  });

  test("adds up its edits: tables come, move to another level and go", () => {
    const edits = [
      [2, 6, 9, 0, 4, 0x80, 0x08, ...newFile(0, 5, [0xac, 0x02])],
      [2, 0x88, 0x01, ...newFile(0, 7, [9])],
      [5, 1, ...text("k"), 6, 0, 5, ...newFile(1, 5, [0xac, 0x02])],
      [6, 0, 7, ...newFile(1, 8, [10])],
    ];
    expect(read(founding, ...edits)).toEqual({
      logNumber: 136,
      tables: new Map([
        [5, 300],
        [8, 10],
      ]),
    });
  });

  test.each<[string, number[]]>([
    ["an unknown field", [8, 1]],
    ["an integer without an end", [2, ...new Array<number>(9).fill(0x80)]],
    ["a field cut short", [1, 20, 65]],
    ["no write-ahead log", [3, 2]],
  ])("with %s is none", (_what, record) => {
    expect(() => read(record)).toThrow(RangeError);
  });
});
