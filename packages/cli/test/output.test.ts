import { describe, expect, test } from "@jest/globals";
import { parseDuration, parseInstant } from "@coxswain/cli";
import { fields, table } from "../src/output/table.ts";
import { clipped } from "../src/output/text.ts";
import { duration } from "../src/output/times.ts";

test.each([
  [0, "0ms"],
  [999, "999ms"],
  [1_000, "1.0s"],
  [59_949, "59.9s"],
  [59_999, "1m00s"],
  [65_000, "1m05s"],
  [3_599_600, "1h00m"],
  [7_380_000, "2h03m"],
  [86_400_000, "1d00h"],
  [-5, "0ms"],
])("a duration of %i ms reads %s", (ms, text) => {
  expect(duration(ms)).toBe(text);
});

test.each([
  ["500ms", 500],
  ["3s", 3_000],
  ["1.5s", 1_500],
  ["1h30m", 5_400_000],
  ["2d", 172_800_000],
  ["10", 10_000],
])("%s is %i ms", (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});

test.each(["", "s", "3 s", "-3s", "3x", "1e3"])("%j is no length of time", (text) => {
  expect(() => parseDuration(text)).toThrow(expect.objectContaining({ code: "USAGE" }));
});

test.each([
  ["2026-01-02T15:04:05Z", Date.UTC(2026, 0, 2, 15, 4, 5)],
  ["2026-01-02t15:04:05.25z", Date.UTC(2026, 0, 2, 15, 4, 5, 250)],
  ["2024-02-29 23:59:59", Date.UTC(2024, 1, 29, 23, 59, 59)],
  ["1.5", 1_500],
  ["+1m", 61_000],
])("%s is an instant", (text, ms) => {
  expect(parseInstant(text, 1_000)).toBe(ms);
});

test.each([
  "",
  "now",
  "2026-01-02",
  "2026-01-02T15:04:05",
  "2026-13-02T15:04:05Z",
  "2025-02-29T00:00:00Z",
  "2026-01-02 25:00:00",
  "-1",
])("%j is no instant", (text) => {
  expect(() => parseInstant(text, 0)).toThrow(expect.objectContaining({ code: "USAGE" }));
});

describe("a table", () => {
  test("aligns by code points and leaves no blanks at line ends", () => {
    expect(
      table(
        ["A", "B"],
        [
          ["\u{1F6A3}\u{1F6A3}", "x"],
          ["y", ""],
        ],
      ),
    ).toBe("A   B\n\u{1F6A3}\u{1F6A3}  x\ny\n");
    expect(table(["A", "B"], [])).toBe("A  B\n");
  });

  test("keeps a cell on its line", () => {
    expect(table(["A"], [["one\ntwo\tthree"]])).toBe("A\none\\ntwo\\tthree\n");
  });
});

test("fields leave out what is not there", () => {
  expect(
    fields([
      ["Long label", "a"],
      ["B", undefined],
      ["C", ""],
      ["D", "e"],
    ]),
  ).toBe("Long label  a\nD           e\n");
});

test("clipping counts code points and cuts none in two", () => {
  expect(clipped("\u{1F6A3}\u{1F6A3}\u{1F6A3}", 2)).toBe("\u{1F6A3}\u2026");
  expect(clipped("ab", 2)).toBe("ab");
});
