import { describe, expect, test } from "@jest/globals";
import { CronError, parseCron } from "../src/index.ts";

const YEAR_2025_MS = Date.UTC(2025, 0, 1) - 1;

function refusal(expression: string, timeZone = "UTC"): CronError {
  try {
    parseCron(expression, { timeZone });
  } catch (error) {
    if (error instanceof CronError) return error;
    throw error;
  }
  throw new Error(`"${expression}" was accepted.`);
}

function first(expression: string, count: number): string[] {
  return parseCron(expression).occurrences(YEAR_2025_MS, count).map((ms) => new Date(ms).toISOString().slice(0, 19));
}

function days(expression: string, count: number): string[] {
  return first(expression, count).map((text) => text.slice(5, 10));
}

describe("refusals name the code and the field", () => {
  test.each([
    ["", "CRON_EMPTY", undefined],
    ["   ", "CRON_EMPTY", undefined],
    ["CRON_TZ=UTC ", "CRON_EMPTY", undefined],
    ["5", "CRON_FIELD_COUNT", "hour"],
    ["0 * * *", "CRON_FIELD_COUNT", "day-of-week"],
    ["0 0 0 * * * 2025", "CRON_FIELD_COUNT", undefined],
    ["*/90 * * * *", "CRON_STEP", "minute"],
    ["0 */24 * * *", "CRON_STEP", "hour"],
    ["0-10/20 * * * *", "CRON_STEP", "minute"],
    ["*/0 * * * *", "CRON_FIELD", "minute"],
    ["60 * * * *", "CRON_FIELD", "minute"],
    ["0 24 * * *", "CRON_FIELD", "hour"],
    ["0 0 0 * *", "CRON_FIELD", "day-of-month"],
    ["0 0 32 * *", "CRON_FIELD", "day-of-month"],
    ["0 0 * 13 *", "CRON_FIELD", "month"],
    ["0 0 * FOO *", "CRON_FIELD", "month"],
    ["0 0 * * 8", "CRON_FIELD", "day-of-week"],
    ["0 0 * * 5-1", "CRON_FIELD", "day-of-week"],
    ["0 0 * * L", "CRON_FIELD", "day-of-week"],
    ["0 0 * * 1#6", "CRON_FIELD", "day-of-week"],
    ["0 0 * * 9#1", "CRON_FIELD", "day-of-week"],
    ["0 0 L-31 * *", "CRON_FIELD", "day-of-month"],
    ["0 0 32W * *", "CRON_FIELD", "day-of-month"],
    ["0 0 1-5W * *", "CRON_FIELD", "day-of-month"],
    ["H * * * *", "CRON_FIELD", "minute"],
    ["? * * * *", "CRON_FIELD", "minute"],
    ["mon * * * *", "CRON_FIELD", "minute"],
    ["1,,2 * * * *", "CRON_FIELD", "minute"],
    ["1, * * * *", "CRON_FIELD", "minute"],
    ["1/2/3 * * * *", "CRON_FIELD", "minute"],
    ["-5 * * * *", "CRON_FIELD", "minute"],
    ["1.5 * * * *", "CRON_FIELD", "minute"],
    ["60 0 0 * * *", "CRON_FIELD", "second"],
    ["0 0 30 2 *", "CRON_IMPOSSIBLE", "day-of-month"],
    ["0 0 31 4,6,9,11 *", "CRON_IMPOSSIBLE", "day-of-month"],
    ["0 0 31W 2 ?", "CRON_IMPOSSIBLE", "day-of-month"],
    ["0 0 L-29 2 *", "CRON_IMPOSSIBLE", "day-of-month"],
    ["@reboot", "CRON_ALIAS", undefined],
    ["@every 5m", "CRON_ALIAS", undefined],
    ["0".repeat(257), "CRON_TOO_LONG", undefined],
  ])("%j is refused with %s", (expression, code, field) => {
    const error = refusal(expression);
    expect({ code: error.code, category: error.category, field: error.field }).toEqual({ code, category: "invalid", field });
  });

  test.each(["Mars/Olympus", "+02:00", " UTC", "Europe/Berlin\n", "-"])("an unknown time zone %j is refused", (zone) => {
    expect(refusal("0 0 * * *", zone).code).toBe("CRON_TIME_ZONE");
  });

  test("two time zones that differ are refused", () => {
    expect(refusal("CRON_TZ=Europe/Berlin 0 0 * * *", "UTC").code).toBe("CRON_TIME_ZONE");
    expect(parseCron("CRON_TZ=UTC 0 0 * * *", { timeZone: "UTC" }).timeZone).toBe("UTC");
  });

  test("an instant outside the calendar is refused", () => {
    const cron = parseCron("0 0 * * *");
    for (const instant of [Number.NaN, Number.POSITIVE_INFINITY, -1e15, 1e18]) {
      expect(() => cron.next(instant)).toThrow(CronError);
    }
    expect(() => cron.occurrences(0, 10_001)).toThrow(CronError);
  });
});

describe("fields", () => {
  test("lists may overlap", () => {
    expect(days("0 0 1-5,3,4-6 * *", 7)).toEqual(["01-01", "01-02", "01-03", "01-04", "01-05", "01-06", "02-01"]);
  });

  test("names stand for numbers, in any case, and a week may end with Sunday", () => {
    expect(days("0 0 ? jan,MAR Fri-SUN", 4)).toEqual(["01-03", "01-04", "01-05", "01-10"]);
    expect(days("0 0 * * 5-7", 4)).toEqual(["01-03", "01-04", "01-05", "01-10"]);
    expect(days("0 0 * * 7", 2)).toEqual(days("0 0 * * 0", 2));
  });

  test("a step through the week does not count Sunday twice", () => {
    expect(days("0 0 * * 1/2", 4)).toEqual(["01-01", "01-03", "01-06", "01-08"]);
  });

  test("six fields begin with the second", () => {
    expect(first("*/20 30 9 * * *", 4)).toEqual([
      "2025-01-01T09:30:00", "2025-01-01T09:30:20", "2025-01-01T09:30:40", "2025-01-02T09:30:00",
    ]);
  });

  test("L, L-n, LW and nW select days of the month", () => {
    expect(days("0 0 L * *", 3)).toEqual(["01-31", "02-28", "03-31"]);
    expect(days("0 0 L-3 * *", 3)).toEqual(["01-28", "02-25", "03-28"]);
    expect(days("0 0 LW * *", 5)).toEqual(["01-31", "02-28", "03-31", "04-30", "05-30"]);
    expect(days("0 0 15W * *", 3)).toEqual(["01-15", "02-14", "03-14"]);
    expect(days("0 0 1W 2,3 *", 2)).toEqual(["02-03", "03-03"]);
    expect(days("0 0 31W 8 *", 1)).toEqual(["08-29"]);
    expect(days("0 0 31W * *", 2)).toEqual(["01-31", "03-31"]);
  });

  test("nL and n#m select weekdays of the month, also in lists", () => {
    expect(days("0 0 * * FRIL", 2)).toEqual(["01-31", "02-28"]);
    expect(days("0 0 * * 5#3", 2)).toEqual(["01-17", "02-21"]);
    expect(days("0 0 * * mon#1,mon#3", 3)).toEqual(["01-06", "01-20", "02-03"]);
    expect(days("0 0 * * 3#5", 2)).toEqual(["01-29", "04-30"]);
  });

  test("day-of-month and day-of-week both restricted means either", () => {
    expect(days("0 0 13 * 5", 4)).toEqual(["01-03", "01-10", "01-13", "01-17"]);
    expect(days("0 0 13 * ?", 2)).toEqual(["01-13", "02-13"]);
  });

  test.each([
    ["@yearly", "0 0 1 1 *"], ["@annually", "0 0 1 1 *"], ["@monthly", "0 0 1 * *"], ["@weekly", "0 0 * * 0"],
    ["@daily", "0 0 * * *"], ["@midnight", "0 0 * * *"], ["@Hourly", "0 * * * *"],
  ])("%s means %s", (alias, fields) => {
    expect(first(alias, 3)).toEqual(first(fields, 3));
  });

  test("a CRON_TZ prefix sets the zone", () => {
    const cron = parseCron("CRON_TZ=Asia/Tokyo 0 9 * * *");
    expect(cron.timeZone).toBe("Asia/Tokyo");
    expect(cron.next(YEAR_2025_MS)).toBe(Date.UTC(2025, 0, 1, 0));
  });

  test("the same expression is parsed once", () => {
    expect(parseCron("7 7 * * *")).toBe(parseCron("7 7 * * *"));
  });
});

describe("bounds", () => {
  test("the rarest days are found across the skipped leap year 2100", () => {
    const afterMs = Date.UTC(2072, 2, 1);
    expect(new Date(parseCron("0 0 * 2 1#5").next(afterMs) ?? 0).toISOString()).toBe("2112-02-29T00:00:00.000Z");
  });

  test("a wall time that every gap skips is never found, and the search ends", () => {
    const cron = parseCron("*/5 2 * 3 0#2", { timeZone: "America/New_York" });
    expect(cron.next(Date.UTC(2025, 0, 1))).toBeUndefined();
    expect(cron.occurrences(Date.UTC(2025, 0, 1), 3)).toEqual([]);
  });

  test("there is nothing after the year 9999", () => {
    expect(parseCron("0 0 1 1 *").next(Date.UTC(9999, 0, 1))).toBeUndefined();
  });

  test("counting stops at the limit", () => {
    const cron = parseCron("* * * * * *");
    expect(cron.count(0, 5000)).toBe(5);
    expect(cron.count(0, 1e9, 100)).toBe(100);
    expect(cron.count(0, 0)).toBe(0);
  });
});
