/** One position of an expression: its name in messages, its range, and where it stands when cron-parser reads it. */
export interface Field {
  readonly name: "second" | "minute" | "hour" | "day-of-month" | "month" | "day-of-week";
  readonly min: number;
  /** Inclusive. Day-of-week takes 7 as another name of Sunday. */
  readonly max: number;
  /** Lower-case names for values, from `min` on. */
  readonly names: readonly string[];
  /** Position among six fields. */
  readonly position: number;
}

const MONTH_NAMES = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAY_NAMES = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

export const SECOND: Field = { name: "second", min: 0, max: 59, names: [], position: 0 };
export const MINUTE: Field = { name: "minute", min: 0, max: 59, names: [], position: 1 };
export const HOUR: Field = { name: "hour", min: 0, max: 23, names: [], position: 2 };
export const DAY_OF_MONTH: Field = { name: "day-of-month", min: 1, max: 31, names: [], position: 3 };
export const MONTH: Field = { name: "month", min: 1, max: 12, names: MONTH_NAMES, position: 4 };
export const DAY_OF_WEEK: Field = { name: "day-of-week", min: 0, max: 7, names: DAY_NAMES, position: 5 };

/** In the order in which they are written; five-field expressions leave out the first. */
export const FIELDS: readonly Field[] = [SECOND, MINUTE, HOUR, DAY_OF_MONTH, MONTH, DAY_OF_WEEK];

/** `3` or `wed`; undefined when it is neither. Does not check the range. */
export function valueOf(field: Field, text: string): number | undefined {
  if (/^\d{1,4}$/.test(text)) return Number(text);
  const index = field.names.indexOf(text.toLowerCase());
  return index < 0 ? undefined : field.min + index;
}
