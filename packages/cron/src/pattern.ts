import { DAY_MS } from "./calendar.ts";
import type { DaySet } from "./day-set.ts";
import type { TimeSet } from "./time-set.ts";

const SECOND_MS = 1000;

/**
 * What an expression selects on a wall clock, without any zone. Wall times are milliseconds as if
 * the wall clock showed UTC.
 */
export class Pattern {
  readonly #days: DaySet;
  readonly #times: TimeSet;
  /** `*` or a step over `*` in minute or hour: it follows the clock's hands through changes of the zone's offset. */
  readonly isInterval: boolean;

  constructor(days: DaySet, times: TimeSet, isInterval: boolean) {
    this.#days = days;
    this.#times = times;
    this.isInterval = isInterval;
  }

  /** The first matching wall time at or after `fromWallMs` on a day up to that of `lastWallMs`. */
  next(fromWallMs: number, lastWallMs: number): number | undefined {
    const wallMs = Math.ceil(fromWallMs / SECOND_MS) * SECOND_MS;
    const today = Math.floor(wallMs / DAY_MS);
    const lastDay = Math.floor(lastWallMs / DAY_MS);
    const day = this.#days.next(today, lastDay);
    if (day === undefined) return undefined;
    if (day > today) return day * DAY_MS + this.#times.first * SECOND_MS;
    const time = this.#times.next((wallMs - today * DAY_MS) / SECOND_MS);
    if (time !== undefined) return today * DAY_MS + time * SECOND_MS;
    const later = this.#days.next(today + 1, lastDay);
    return later === undefined ? undefined : later * DAY_MS + this.#times.first * SECOND_MS;
  }
}
