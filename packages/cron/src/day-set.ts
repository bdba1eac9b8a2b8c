import { civilFromDays, daysFromCivil, daysInMonth, weekdayOf } from "./calendar.ts";
import type { DayRule, MonthShape } from "./day-rule.ts";

export interface DaySetOptions {
  /** 1 to 12. */
  readonly months: readonly number[];
  /** Rules of the day-of-month field; undefined when it is `*` or `?`. */
  readonly daysOfMonth: readonly DayRule[] | undefined;
  /** Rules of the day-of-week field; undefined when it is `*` or `?`. */
  readonly daysOfWeek: readonly DayRule[] | undefined;
}

/** The calendar days of an expression. Both day fields restricted means either may match. */
export class DaySet {
  readonly #months: ReadonlySet<number>;
  readonly #rules: readonly DayRule[];
  // The month looked at last; walks stay within one for long.
  #cachedYear = Number.NaN;
  #cachedMonth = 0;
  #cachedMask = 0;

  constructor(options: DaySetOptions) {
    this.#months = new Set(options.months);
    this.#rules = [...(options.daysOfMonth ?? []), ...(options.daysOfWeek ?? [])];
  }

  /** The first matching day at or after `fromDay` and at or before `lastDay`, as days since 1970-01-01. */
  next(fromDay: number, lastDay: number): number | undefined {
    const start = civilFromDays(fromDay);
    let { year, month, day } = start;
    for (;;) {
      const found = this.#firstIn(year, month, day);
      const first = daysFromCivil(year, month, found ?? 1);
      if (first > lastDay) return undefined;
      if (found !== undefined) return first;
      day = 1;
      month = month === 12 ? 1 : month + 1;
      if (month === 1) year++;
    }
  }

  #firstIn(year: number, month: number, fromDay: number): number | undefined {
    const mask = this.#mask(year, month);
    if (mask === 0) return undefined;
    for (let day = fromDay; day <= 31; day++) if ((mask & (1 << day)) !== 0) return day;
    return undefined;
  }

  #mask(year: number, month: number): number {
    if (year === this.#cachedYear && month === this.#cachedMonth) return this.#cachedMask;
    const mask = this.#months.has(month) ? this.#compute(year, month) : 0;
    this.#cachedYear = year;
    this.#cachedMonth = month;
    this.#cachedMask = mask;
    return mask;
  }

  #compute(year: number, month: number): number {
    const shape: MonthShape = { length: daysInMonth(year, month), firstWeekday: weekdayOf(daysFromCivil(year, month, 1)) };
    if (this.#rules.length === 0) return (1 << shape.length) | ((1 << shape.length) - 1);
    return this.#rules.reduce((mask, rule) => mask | rule(shape), 0);
  }
}
