import { daysFromCivil } from "./calendar.ts";
import { dayOfMonthRule, dayOfWeekRule } from "./day-rule.ts";
import type { DayRule } from "./day-rule.ts";
import { DaySet } from "./day-set.ts";
import { CronFieldCountError, CronFieldError, CronImpossibleError } from "./errors.ts";
import { DAY_OF_MONTH, DAY_OF_WEEK, FIELDS, HOUR, MINUTE, MONTH, SECOND } from "./field.ts";
import type { Field } from "./field.ts";
import { Pattern } from "./pattern.ts";
import { parsePlainItem } from "./plain-item.ts";
import { TimeSet } from "./time-set.ts";

/** Every kind of year (leap or not, seven first weekdays) occurs in any 28 without a century. */
const PROBE_FIRST_DAY: number = daysFromCivil(2000, 1, 1);
const PROBE_LAST_DAY: number = daysFromCivil(2028, 1, 1) - 1;

/** Reads 5 or 6 fields. Throws a CronError that names the field at fault. */
export function parsePattern(text: string): Pattern {
  const fields = splitFields(text);
  const [second = "", minute = "", hour = "", dayOfMonth = "", month = "", dayOfWeek = ""] = fields;
  const times = new TimeSet(valuesIn(HOUR, hour), valuesIn(MINUTE, minute), valuesIn(SECOND, second));
  const days = new DaySet({
    months: valuesIn(MONTH, month),
    daysOfMonth: rulesIn(DAY_OF_MONTH, dayOfMonth, dayOfMonthRule),
    daysOfWeek: rulesIn(DAY_OF_WEEK, dayOfWeek, dayOfWeekRule),
  });
  if (days.next(PROBE_FIRST_DAY, PROBE_LAST_DAY) === undefined) throw impossible(dayOfMonth, month, dayOfWeek);
  return new Pattern(days, times, followsTheClock(minute) || followsTheClock(hour));
}

function splitFields(text: string): readonly string[] {
  const fields = text.split(/\s+/);
  if (fields.length === 5) return ["0", ...fields];
  if (fields.length === 6) return fields;
  const names = FIELDS.slice(1).map((field) => field.name);
  const fault =
    fields.length < 5
      ? `is missing ${names.slice(fields.length).join(", ")}`
      : `has "${fields.slice(6).join(" ")}" after the ${DAY_OF_WEEK.name} field`;
  const field = fields.length < 5 ? names[fields.length] : undefined;
  throw new CronFieldCountError(
    `"${text}" has ${fields.length} field${fields.length === 1 ? "" : "s"} and ${fault}. Write ${names.join(", ")}, with an optional second in front.`,
    field === undefined ? {} : { field },
  );
}

/** List items without repetition; an empty one is refused. */
function itemsOf(field: Field, text: string): readonly string[] {
  const items = text.split(",");
  if (items.includes("")) {
    throw new CronFieldError(`"${text}" has an empty item in the ${field.name} field. Remove the extra comma.`, {
      field: field.name,
    });
  }
  return [...new Set(items)];
}

function valuesIn(field: Field, text: string): readonly number[] {
  return itemsOf(field, text).flatMap((item) => parsePlainItem(field, item));
}

/** Undefined when the field leaves the days to the other one. */
function rulesIn(field: Field, text: string, rule: (item: string) => DayRule): readonly DayRule[] | undefined {
  if (text === "?") return undefined;
  const items = itemsOf(field, text);
  const rules = items.map(rule);
  return items.includes("*") || items.includes("*/1") ? undefined : rules;
}

/** `*` or a step over it, alone or in a list. */
function followsTheClock(text: string): boolean {
  return text.split(",").some((item) => item.startsWith("*"));
}

function impossible(dayOfMonth: string, month: string, dayOfWeek: string): CronImpossibleError {
  const restricted = dayOfMonth === "*" || dayOfMonth === "?" ? DAY_OF_WEEK : DAY_OF_MONTH;
  const days = restricted === DAY_OF_WEEK ? dayOfWeek : dayOfMonth;
  return new CronImpossibleError(
    `No year has a day that matches ${restricted.name} "${days}" in month "${month}". Change the ${restricted.name} or the month field.`,
    { field: restricted.name },
  );
}
