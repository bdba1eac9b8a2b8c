import { describe, expect, test } from "@jest/globals";
import type { Entry, SnapshotMeta } from "@coxswain/raft-core";
import { decodeMarker, encodeMarker } from "../src/batch-marker.ts";
import { decodeEntry, encodeEntry } from "../src/entry-record.ts";
import { decodeLogStart, encodeLogStart } from "../src/log-start.ts";
import { withOneBitFlipped } from "./flip.ts";

const LARGE = Number.MAX_SAFE_INTEGER;
const entry: Entry = { index: 7, term: 3, type: "config", data: Uint8Array.of(0, 255, 10) };
const marker = {
  sequence: LARGE,
  firstIndex: 2,
  lastIndex: 2 ** 33,
  sizeBytes: 81,
  hardState: { term: LARGE, votedFor: 0xffff_ffff },
};
const configuration = { voters: [1, 0xffff_ffff], votersOutgoing: [], learners: [9] };
const snapshot: SnapshotMeta = { index: LARGE, term: 2 ** 40, configuration, featureLevel: 4 };

describe("an entry record", () => {
  test.each<Entry>([
    entry,
    { index: LARGE, term: LARGE, type: "normal", data: new Uint8Array(1_000).fill(5) },
    { index: 2 ** 32, term: 1, type: "noop", data: new Uint8Array(0) },
  ])("gives back what was put in", (each) => {
    const decoded = decodeEntry(encodeEntry(each), each.index);
    expect({ ...decoded, data: [...(decoded?.data ?? [])] }).toEqual({ ...each, data: [...each.data] });
  });

  test("does not pass for another index", () => {
    expect(decodeEntry(encodeEntry(entry), 8)).toBeUndefined();
  });

  test("is bad with any bit flipped, and at any shorter length", () => {
    const record = encodeEntry(entry);
    for (const flipped of withOneBitFlipped(record)) expect(decodeEntry(flipped, 7)).toBeUndefined();
    for (let length = 0; length < record.length; length++)
      expect(decodeEntry(record.subarray(0, length), 7)).toBeUndefined();
  });
});

describe("a batch marker", () => {
  test("gives back what was put in", () => {
    expect(decodeMarker(encodeMarker(marker))).toEqual(marker);
  });

  test("is bad with any bit flipped", () => {
    for (const flipped of withOneBitFlipped(encodeMarker(marker)))
      expect(decodeMarker(flipped)).toBeUndefined();
  });
});

describe("the begin of the log", () => {
  test("gives back what was put in", () => {
    expect(decodeLogStart(encodeLogStart({ epoch: 0xffff_ffff, snapshot }))).toEqual({
      epoch: 0xffff_ffff,
      snapshot,
    });
  });

  test("is bad with any bit flipped, and at any shorter length", () => {
    const record = encodeLogStart({ epoch: 1, snapshot });
    for (const flipped of withOneBitFlipped(record)) expect(decodeLogStart(flipped)).toBeUndefined();
    for (let length = 0; length < record.length; length++)
      expect(decodeLogStart(record.subarray(0, length))).toBeUndefined();
  });
});
