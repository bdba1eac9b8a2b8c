/**
 * Which days a field selects. Each rule answers with a mask of a month: bit n stands for day n.
 */
import { DAY_OF_MONTH, DAY_OF_WEEK, valueOf } from "./field.ts";
import { CronFieldError } from "./errors.ts";
import { notAnItem, parsePlainItem } from "./plain-item.ts";

/** What a rule must know of a month. */
export interface MonthShape {
  readonly length: number;
  /** Weekday of day 1; 0 is Sunday. */
  readonly firstWeekday: number;
}

/** The days of the month that match, as bits 1 to 31. */
export type DayRule = (month: MonthShape) => number;

/** One list item of the day-of-month field: plain, `L`, `L-n`, `LW` or `nW`. */
export function dayOfMonthRule(item: string): DayRule {
  const text = item.toUpperCase();
  if (text === "L") return (month) => bit(month.length);
  if (text === "LW" || text === "WL") return (month) => bit(nearestWeekday(month, month.length));
  const beforeLast = /^L-(\d{1,2})$/.exec(text);
  if (beforeLast !== null) return lastMinus(item, Number(beforeLast[1]));
  const nearest = /^(\d{1,2})W$/.exec(text);
  if (nearest !== null) return nearestTo(item, Number(nearest[1]));
  const mask = maskOf(parsePlainItem(DAY_OF_MONTH, item));
  return (month) => mask & (bit(month.length) | (bit(month.length) - 1));
}

/** One list item of the day-of-week field: plain, `5L` or `5#3`, with names or numbers. */
export function dayOfWeekRule(item: string): DayRule {
  const last = /^(\w+)L$/i.exec(item);
  const nth = /^(\w+)#(\d{1,3})$/.exec(item);
  if (item.toUpperCase() === "L") {
    throw new CronFieldError(`"L" needs a weekday in the day-of-week field. Write 5L or FRIL for the last Friday.`, {
      field: DAY_OF_WEEK.name,
    });
  }
  if (last !== null && valueOf(DAY_OF_WEEK, item) === undefined) {
    const weekday = weekdayIn(item, last[1] ?? "");
    return (month) => bit(lastWeekday(month, weekday));
  }
  if (nth !== null) return nthWeekday(item, weekdayIn(item, nth[1] ?? ""), Number(nth[2]));
  const weekdays = new Set(parsePlainItem(DAY_OF_WEEK, item));
  return (month) => daysWhere(month, (weekday) => weekdays.has(weekday));
}

function lastMinus(item: string, days: number): DayRule {
  if (days < 1 || days > 30) {
    throw new CronFieldError(`"${item}" is outside L-1 to L-30 in the day-of-month field. Use L for the last day.`, {
      field: DAY_OF_MONTH.name,
    });
  }
  return (month) => (month.length > days ? bit(month.length - days) : 0);
}

function nearestTo(item: string, day: number): DayRule {
  if (day < 1 || day > 31) throw notAnItem(DAY_OF_MONTH, item);
  return (month) => (day <= month.length ? bit(nearestWeekday(month, day)) : 0);
}

function nthWeekday(item: string, weekday: number, nth: number): DayRule {
  if (nth < 1 || nth > 5) {
    throw new CronFieldError(`"${item}" asks for number ${nth} in the day-of-week field. Use #1 to #5.`, {
      field: DAY_OF_WEEK.name,
    });
  }
  return (month) => {
    const day = 1 + ((weekday - month.firstWeekday + 7) % 7) + 7 * (nth - 1);
    return day <= month.length ? bit(day) : 0;
  };
}

function weekdayIn(item: string, text: string): number {
  const value = valueOf(DAY_OF_WEEK, text);
  if (value === undefined || value > DAY_OF_WEEK.max) throw notAnItem(DAY_OF_WEEK, item);
  return value % 7;
}

/** Monday to Friday closest to `day` without leaving the month. */
function nearestWeekday(month: MonthShape, day: number): number {
  const weekday = weekdayIn7(month, day);
  if (weekday === 6) return day === 1 ? 3 : day - 1;
  if (weekday === 0) return day === month.length ? day - 2 : day + 1;
  return day;
}

function lastWeekday(month: MonthShape, weekday: number): number {
  return month.length - ((weekdayIn7(month, month.length) - weekday + 7) % 7);
}

function weekdayIn7(month: MonthShape, day: number): number {
  return (month.firstWeekday + day - 1) % 7;
}

function daysWhere(month: MonthShape, matches: (weekday: number) => boolean): number {
  let mask = 0;
  for (let day = 1; day <= month.length; day++) if (matches(weekdayIn7(month, day))) mask |= bit(day);
  return mask;
}

function maskOf(days: readonly number[]): number {
  return days.reduce((mask, day) => mask | bit(day), 0);
}

function bit(day: number): number {
  return 1 << day;
}
