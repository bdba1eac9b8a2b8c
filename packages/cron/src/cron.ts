import { DAY_MS, daysFromCivil } from "./calendar.ts";
import { CronInstantError } from "./errors.ts";
import type { Pattern } from "./pattern.ts";
import type { TimeZone } from "./time-zone.ts";
import { nextOccurrence } from "./walk.ts";

/** The rarest day pattern (a fifth weekday of February) comes back after 40 years at most. */
const HORIZON_MS = 60 * 366 * DAY_MS;
/** Instants that the calendar of schedules covers: 1900 up to and including 9999. */
export const FIRST_INSTANT_MS: number = daysFromCivil(1900, 1, 1) * DAY_MS;
export const LAST_INSTANT_MS: number = daysFromCivil(10_000, 1, 1) * DAY_MS - 1;
/** What one call of {@link Cron.occurrences} or {@link Cron.count} may ask for. */
export const MAX_OCCURRENCES = 10_000;

/** A parsed expression in a time zone. Immutable; shared between callers. Made by `parseCron`. */
export class Cron {
  /** As given, without surrounding space. */
  readonly expression: string;
  /** The IANA name that counts. */
  readonly timeZone: string;
  /** Follows the wall clock through both passes of an overlap; otherwise it is a fixed time that happens once. */
  readonly isInterval: boolean;
  readonly #pattern: Pattern;
  readonly #zone: TimeZone;

  constructor(expression: string, pattern: Pattern, zone: TimeZone) {
    this.expression = expression;
    this.timeZone = zone.name;
    this.isInterval = pattern.isInterval;
    this.#pattern = pattern;
    this.#zone = zone;
  }

  /**
   * The first occurrence strictly after `afterMs` (milliseconds since the epoch). Undefined when
   * there is none within 60 years, as for a wall time that every year's gap skips.
   * @throws CronInstantError for an instant outside the years 1900 to 9999
   */
  next(afterMs: number): number | undefined {
    if (!(afterMs >= FIRST_INSTANT_MS && afterMs <= LAST_INSTANT_MS)) {
      throw new CronInstantError(`${afterMs} is no instant of the years 1900 to 9999. Give milliseconds since the epoch.`);
    }
    const horizonMs = Math.min(afterMs + HORIZON_MS, LAST_INSTANT_MS);
    const nextMs = nextOccurrence(this.#pattern, this.#zone, Math.floor(afterMs), horizonMs);
    return nextMs === undefined || nextMs > horizonMs ? undefined : nextMs;
  }

  /**
   * The next `limit` occurrences strictly after `afterMs`, oldest first; fewer when there are no more.
   * @throws CronInstantError for a limit that is no integer from 0 to 10,000
   */
  occurrences(afterMs: number, limit: number): number[] {
    requireLimit(limit);
    const found: number[] = [];
    for (let last = afterMs; found.length < limit; ) {
      const nextMs = this.next(last);
      if (nextMs === undefined) break;
      found.push(nextMs);
      last = nextMs;
    }
    return found;
  }

  /**
   * How many occurrences lie after `afterMs` and at or before `untilMs`; counting stops at `limit`.
   * @throws CronInstantError for a limit that is no integer from 0 to 10,000
   */
  count(afterMs: number, untilMs: number, limit: number = MAX_OCCURRENCES): number {
    requireLimit(limit);
    let count = 0;
    for (let nextMs = this.next(afterMs); count < limit && nextMs !== undefined && nextMs <= untilMs; count++) {
      nextMs = this.next(nextMs);
    }
    return count;
  }
}

function requireLimit(limit: number): void {
  if (Number.isInteger(limit) && limit >= 0 && limit <= MAX_OCCURRENCES) return;
  throw new CronInstantError(`A limit of ${limit} occurrences cannot be given. Use 0 to ${MAX_OCCURRENCES}, and go on from the last one.`);
}
