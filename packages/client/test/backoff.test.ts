import { expect, test } from "@jest/globals";
import { backoffMs } from "../src/backoff.ts";

test("pauses double up to their limit, with jitter in their upper half", () => {
  const least = { initialMs: 100, maxMs: 1_000, random: () => 0 };
  const most = { ...least, random: () => 1 };
  expect([1, 2, 3, 4, 5, 60].map((failures) => backoffMs(failures, least))).toEqual([
    50, 100, 200, 400, 500, 500,
  ]);
  expect([1, 2, 3, 4, 5, 60].map((failures) => backoffMs(failures, most))).toEqual([
    100, 200, 400, 800, 1_000, 1_000,
  ]);
});
