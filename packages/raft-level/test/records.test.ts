import { describe, expect, test } from "@jest/globals";
import type { SnapshotMeta } from "@coxswain/raft-core";
import { decodeSnapshot, encodeSnapshot } from "../src/snapshot-record.ts";
import type { WriteRecord } from "../src/write-record.ts";
import { decodeWrite, encodeWrite } from "../src/write-record.ts";
import { withOneBitFlipped } from "./flip.ts";

const LARGE = Number.MAX_SAFE_INTEGER;
const configuration = { voters: [1, 0xffff_ffff], votersOutgoing: [], learners: [9] };
const snapshot: SnapshotMeta = { index: LARGE, term: 2 ** 40, configuration, featureLevel: 4 };

function write(fields: Partial<WriteRecord> = {}): WriteRecord {
  return {
    sequence: 12,
    oldest: 3,
    lastIndex: 8,
    hardState: { term: 3, votedFor: 1 },
    snapshot: undefined,
    isReset: false,
    entries: [
      { index: 7, term: 3, type: "config", data: Uint8Array.of(0, 255, 10) },
      { index: 8, term: 3, type: "noop", data: new Uint8Array(0) },
    ],
    ...fields,
  };
}

/** With the bytes as lists, since a buffer is not a typed array to `toEqual`. */
function plain(record: WriteRecord | undefined): unknown {
  return (
    record && { ...record, entries: record.entries.map((entry) => ({ ...entry, data: [...entry.data] })) }
  );
}

describe("a write", () => {
  test.each<[string, WriteRecord]>([
    ["with entries", write()],
    ["with a hard state alone", write({ entries: [], hardState: { term: LARGE, votedFor: 0xffff_ffff } })],
    ["that moves the begin of the log", write({ snapshot, entries: [] })],
    ["that begins the log anew, with entries", write({ snapshot, isReset: true })],
    [
      "with the largest numbers",
      write({
        sequence: LARGE,
        oldest: LARGE,
        lastIndex: LARGE,
        entries: [{ index: LARGE, term: LARGE, type: "normal", data: new Uint8Array(1_000).fill(5) }],
      }),
    ],
  ])("%s gives back what was put in", (_what, each) => {
    expect(plain(decodeWrite(encodeWrite(each), each.sequence))).toEqual(plain(each));
  });

  test("does not pass for another one", () => {
    expect(decodeWrite(encodeWrite(write()), 13)).toBeUndefined();
  });

  test("is bad with any bit flipped, and at any shorter length", () => {
    const record = encodeWrite(write({ snapshot }));
    for (const flipped of withOneBitFlipped(record)) expect(decodeWrite(flipped, 12)).toBeUndefined();
    for (let length = 0; length < record.length; length++)
      expect(decodeWrite(record.subarray(0, length), 12)).toBeUndefined();
  });
});

describe("the begin of the log", () => {
  test("gives back what was put in", () => {
    expect(decodeSnapshot(encodeSnapshot(snapshot))).toEqual(snapshot);
  });

  test("is bad at any shorter length", () => {
    const record = encodeSnapshot(snapshot);
    for (let length = 0; length < record.length; length++)
      expect(decodeSnapshot(record.subarray(0, length))).toBeUndefined();
  });
});
