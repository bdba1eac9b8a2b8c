/**
 * One plain list item: `*`, `5`, `1-5`, `mon`, `10-30/5`, `5/15`. cron-parser reads it and checks
 * its range, one item at a time, because it refuses lists whose items overlap; what it lets pass
 * silently (steps beyond the range, `H`, stray characters) is refused here.
 */
import { CronDate, CronExpressionParser } from "cron-parser";
import { CronFieldError, CronStepError } from "./errors.ts";
import { valueOf } from "./field.ts";
import type { Field } from "./field.ts";

const PLAIN = /^(?:\*|([a-z]{3}|\d{1,4})(?:-([a-z]{3}|\d{1,4}))?)(?:\/(\d{1,4}))?$/i;
const COLLECTION_KEYS = ["second", "minute", "hour", "dayOfMonth", "month", "dayOfWeek"] as const;
/** A fixed instant, so that cron-parser reads neither the clock nor the zone of the process. */
const REFERENCE = new CronDate(0, "UTC");

/** The values the item selects. Throws CronFieldError or CronStepError, which name the field. */
export function parsePlainItem(field: Field, item: string): readonly number[] {
  const match = PLAIN.exec(item);
  if (match === null) throw notAnItem(field, item);
  const [, fromText, toText, stepText] = match;
  const from = fromText === undefined ? field.min : requireValue(field, item, fromText);
  const to = lastValue(field, item, { from, fromText, toText, stepText });
  const step = stepText === undefined ? 1 : Number(stepText);
  const values = readWithCronParser(field, item, from === to ? `${from}` : `${from}-${to}/${step}`);
  if (stepText !== undefined) refuseStepBeyond(field, item, step, to - from);
  return values;
}

interface ItemTexts {
  readonly from: number;
  readonly fromText: string | undefined;
  readonly toText: string | undefined;
  readonly stepText: string | undefined;
}

function lastValue(field: Field, item: string, { from, fromText, toText, stepText }: ItemTexts): number {
  if (toText !== undefined) {
    const to = requireValue(field, item, toText);
    // "fri-sun" ends the week; as a number that Sunday is 7.
    return field.name === "day-of-week" && to === 0 && toText !== "0" && from > 0 ? 7 : to;
  }
  if (fromText !== undefined && stepText === undefined) return from;
  // Sunday is counted once, as 0, when a step runs through the week.
  return Math.max(from, field.name === "day-of-week" ? 6 : field.max);
}

function requireValue(field: Field, item: string, text: string): number {
  const value = valueOf(field, text);
  if (value === undefined) throw notAnItem(field, item);
  return value;
}

function readWithCronParser(field: Field, item: string, numeric: string): readonly number[] {
  const fields = ["0", "0", "0", "*", "*", "*"];
  fields[field.position] = numeric;
  const key = COLLECTION_KEYS[field.position] ?? "second";
  try {
    const parsed = CronExpressionParser.parse(fields.join(" "), { currentDate: REFERENCE, tz: "UTC" });
    const values = parsed.fields[key].values.filter((value) => typeof value === "number");
    return field.name === "day-of-week" ? [...new Set(values.map((value) => value % 7))] : values;
  } catch (cause) {
    const range = `${field.min}-${field.max}`;
    const message = `"${item}" is outside ${range}, runs backwards, or has no positive step in the ${field.name} field. Use values from ${range}, lowest first.`;
    throw new CronFieldError(message, { field: field.name, cause });
  }
}

function refuseStepBeyond(field: Field, item: string, step: number, width: number): void {
  if (step <= Math.max(1, width)) return;
  throw new CronStepError(
    `The step of "${item}" in the ${field.name} field is beyond its range, so only the first value would match. Write that value, or a step of at most ${Math.max(1, width)}.`,
    { field: field.name },
  );
}

/** The refusal of anything that is no item of the field at all. */
export function notAnItem(field: Field, item: string): CronFieldError {
  const names = field.names.length === 0 ? "" : `, names such as ${field.names[0]?.toUpperCase()}`;
  return new CronFieldError(
    `"${item}" means nothing in the ${field.name} field. Use *, values ${field.min}-${field.max}${names}, ranges a-b, steps /n, and commas between them.`,
    { field: field.name },
  );
}
