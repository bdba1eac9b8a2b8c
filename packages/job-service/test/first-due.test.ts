import { expect, test } from "@jest/globals";
import type { Schedule } from "@coxswain/protocol";
import { ValidationError } from "../src/errors.ts";
import { firstDueMs } from "../src/first-due.ts";

const now = Date.parse("2026-01-01T12:00:00Z");
const at = (atMs: number): Schedule => ({ kind: { $case: "at", value: { atMs } } });
const cron = (
  expression: string,
  more: { timeZone?: string; firstMs?: number; lastMs?: number } = {},
): Schedule => ({
  kind: { $case: "cron", value: { expression, timeZone: "", firstMs: 0, lastMs: 0, ...more } },
});
const due = (schedule: Schedule): string => new Date(firstDueMs(schedule, now, 60_000)).toISOString();

test("now is due at no instant", () => {
  expect(firstDueMs({ kind: { $case: "now", value: {} } }, now, 60_000)).toBe(0);
  expect(firstDueMs(undefined, now, 60_000)).toBe(0);
});

test("`at` may lie in the future, and up to 60 s in the past", () => {
  expect(firstDueMs(at(now + 1), now, 60_000)).toBe(now + 1);
  expect(firstDueMs(at(now - 60_000), now, 60_000)).toBe(now - 60_000);
  expect(() => firstDueMs(at(now - 60_001), now, 60_000)).toThrow(ValidationError);
});

test("cron begins with the first occurrence at or after now", () => {
  expect(due(cron("0 12 * * *"))).toBe("2026-01-01T12:00:00.000Z");
  expect(due(cron("30 9 * * *"))).toBe("2026-01-02T09:30:00.000Z");
  expect(due(cron("30 9 * * *", { timeZone: "America/New_York" }))).toBe("2026-01-01T14:30:00.000Z");
});

test("cron begins at or after `firstMs`, and not in the past", () => {
  expect(due(cron("0 0 * * *", { firstMs: Date.parse("2026-02-01T00:00:00Z") }))).toBe(
    "2026-02-01T00:00:00.000Z",
  );
  expect(due(cron("0 0 * * *", { firstMs: Date.parse("2020-01-01T00:00:00Z") }))).toBe(
    "2026-01-02T00:00:00.000Z",
  );
});

test("`lastMs` holds for the first run as well, and includes its own instant", () => {
  const last = Date.parse("2026-01-02T00:00:00Z");
  expect(due(cron("0 0 * * *", { lastMs: last }))).toBe("2026-01-02T00:00:00.000Z");
  expect(() => firstDueMs(cron("0 0 * * *", { lastMs: last - 1 }), now, 60_000)).toThrow(
    /room for an occurrence/,
  );
});
