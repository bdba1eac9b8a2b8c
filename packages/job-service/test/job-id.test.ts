import { expect, test } from "@jest/globals";
import { v7 } from "uuid";
import { idTimeMs } from "../src/job-id.ts";

test("a UUIDv7 says when it was made", () => {
  const msecs = Date.parse("2026-01-01T00:00:00.123Z");
  expect(idTimeMs(v7({ msecs }))).toBe(msecs);
  expect(idTimeMs(v7({ msecs }).toUpperCase())).toBe(msecs);
});

test("any other id says nothing", () => {
  for (const id of [
    "backup",
    "f81d4fae-7dec-41d0-a765-00a0c91e6bf6",
    "0190b2f0-3c00-7000-0000-000000000000",
  ]) {
    expect(idTimeMs(id)).toBe(0);
  }
});
