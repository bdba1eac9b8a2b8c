/** A second, naive reading of the policy: look at the wall clock every minute. Shares no code with src. */

export interface Fields {
  readonly minutes: ReadonlySet<number>;
  readonly hours: ReadonlySet<number>;
  readonly weekdays: ReadonlySet<number>;
  readonly isInterval: boolean;
}

const MINUTE_MS = 60_000;

export class WallClock {
  readonly #format: Intl.DateTimeFormat;

  constructor(timeZone: string) {
    this.#format = new Intl.DateTimeFormat("en-CA", {
      timeZone, hourCycle: "h23", year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit",
    });
  }

  /** What the wall shows, as if it were UTC. */
  at(utcMs: number): number {
    const digits = this.#format.format(utcMs).match(/\d+/g) ?? [];
    const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = digits.map(Number);
    return Date.UTC(year, month - 1, day, hour, minute, second);
  }

  /** Instants, to the day, around which the offset changes. */
  changes(fromMs: number, toMs: number): number[] {
    const day = 86_400_000;
    const found: number[] = [];
    let offset = this.at(fromMs) - fromMs;
    for (let at = fromMs; at < toMs; at += 5 * day) {
      const now = this.at(at) - at;
      if (now !== offset) found.push(at - 2.5 * day);
      offset = now;
    }
    return found;
  }
}

/** Occurrences in (fromMs, toMs]; the wall is watched from three days earlier. */
export function naiveOccurrences(fields: Fields, wall: WallClock, fromMs: number, toMs: number): number[] {
  const found: number[] = [];
  let newestWall = Number.NEGATIVE_INFINITY;
  for (let at = fromMs - 3 * 86_400_000; at <= toMs; at += MINUTE_MS) {
    const shown = wall.at(at);
    if (newestWall === Number.NEGATIVE_INFINITY) newestWall = shown - MINUTE_MS;
    const hit = fields.isInterval ? matches(fields, shown) : anyMatches(fields, newestWall + MINUTE_MS, shown);
    newestWall = Math.max(newestWall, shown);
    if (hit && at > fromMs) found.push(at);
  }
  return found;
}

function anyMatches(fields: Fields, firstWall: number, lastWall: number): boolean {
  for (let wall = firstWall; wall <= lastWall; wall += MINUTE_MS) if (matches(fields, wall)) return true;
  return false;
}

function matches(fields: Fields, wallMs: number): boolean {
  const wall = new Date(wallMs);
  return (
    fields.minutes.has(wall.getUTCMinutes()) && fields.hours.has(wall.getUTCHours()) && fields.weekdays.has(wall.getUTCDay())
  );
}
