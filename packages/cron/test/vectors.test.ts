import { readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { parseCron } from "../src/index.ts";

interface Vector {
  readonly id: string;
  readonly expr: string;
  readonly tz: string;
  readonly from: string;
  readonly expected_utc: readonly string[];
}

const vectors = JSON.parse(readFileSync(new URL("./vectors.json", import.meta.url), "utf8")) as readonly Vector[];

test.each(vectors)("the policy probe $id holds", ({ expr, tz, from, expected_utc }) => {
  const found = parseCron(expr, { timeZone: tz }).occurrences(Date.parse(from), expected_utc.length);
  expect(found.map((ms) => new Date(ms).toISOString())).toEqual(expected_utc);
});
