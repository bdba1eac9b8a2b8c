import { expect, test } from "@jest/globals";
import { MARKER_SPAN_BYTES, MarkerWindow } from "../src/marker-window.ts";

const QUARTER = MARKER_SPAN_BYTES / 4;

test("markers stay until those after them span more than the write-ahead log", () => {
  const window = new MarkerWindow();
  const dropped = Array.from({ length: 6 }, (_, sequence) => window.push({ sequence, sizeBytes: QUARTER }));
  expect(dropped).toEqual([[], [], [], [], [0], [1]]);
});

test("one large write lets go of many", () => {
  const window = new MarkerWindow();
  for (let sequence = 0; sequence < 3; sequence++) window.push({ sequence, sizeBytes: 100 });
  expect(window.push({ sequence: 3, sizeBytes: MARKER_SPAN_BYTES })).toEqual([0, 1, 2]);
});

test("markers found on disk are dropped as if they had been written by this process", () => {
  const window = new MarkerWindow();
  window.restore(Array.from({ length: 6 }, (_, at) => ({ sequence: at + 10, sizeBytes: QUARTER })));
  expect(window.push({ sequence: 16, sizeBytes: QUARTER })).toEqual([10, 11, 12]);
});

test("a long run of small writes drops each marker once", () => {
  const window = new MarkerWindow();
  const dropped: number[] = [];
  for (let sequence = 0; sequence < 50_000; sequence++)
    dropped.push(...window.push({ sequence, sizeBytes: 4_096 }));
  expect(dropped).toEqual(Array.from({ length: 50_000 - MARKER_SPAN_BYTES / 4_096 }, (_, at) => at));
});
