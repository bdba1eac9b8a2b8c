import { expect, test } from "@jest/globals";
import { SnapshotPaces } from "../src/snapshot-paces.ts";

test("each snapshot that was outrun doubles the pace of the next to that peer, until one arrives", () => {
  const paces = new SnapshotPaces(1_000);
  paces.outrun(2);
  paces.outrun(2);
  expect([paces.to(2), paces.to(3)]).toEqual([4_000, 1_000]);
  paces.arrived(2);
  expect(paces.to(2)).toBe(1_000);
});

test("the pace stays a number, however often it is outrun", () => {
  const paces = new SnapshotPaces(1_000);
  for (let count = 0; count < 2_000; count++) paces.outrun(2);
  expect(paces.to(2)).toBe(1_024_000);
});
