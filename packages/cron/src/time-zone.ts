/**
 * A zone's offsets as a lookup table. Intl is asked once per sample of a year that a walk touches;
 * the transitions between samples are found by bisection and kept.
 */
import { daysFromCivil, civilFromDays, DAY_MS } from "./calendar.ts";
import { CronTimeZoneError } from "./errors.ts";
import { LruMap } from "./lru-map.ts";

/** A stretch of time with one offset. Years split segments, too, so neighbours may share an offset. */
export interface ZoneSegment {
  readonly startMs: number;
  /** Exclusive. */
  readonly endMs: number;
  /** Wall clock minus UTC. */
  readonly offsetMs: number;
}

/** The shortest time between two transitions since 1970 is 7 days (America/Recife, 2000), so samples see each. */
const SAMPLE_MS = 5 * DAY_MS;
/** A walk looks at most 60 years ahead; older years are computed again when asked for. */
const YEARS_KEPT = 96;
/** An Intl formatter takes about 30 KiB. */
const ZONES_KEPT = 128;
const zones = new LruMap<string, TimeZone>(ZONES_KEPT);

/** The zone of an IANA name. Throws {@link CronTimeZoneError} for anything else. */
export function timeZone(name: string): TimeZone {
  const known = zones.get(name);
  if (known !== undefined) return known;
  const zone = new TimeZone(name, offsetFormat(name));
  zones.set(name, zone);
  return zone;
}

export class TimeZone {
  readonly name: string;
  readonly #format: Intl.DateTimeFormat;
  readonly #years = new LruMap<number, readonly ZoneSegment[]>(YEARS_KEPT);
  #latest: ZoneSegment = { startMs: 0, endMs: 0, offsetMs: 0 };

  constructor(name: string, format: Intl.DateTimeFormat) {
    this.name = name;
    this.#format = format;
  }

  /** The segment that contains the instant. */
  segmentAt(utcMs: number): ZoneSegment {
    if (utcMs >= this.#latest.startMs && utcMs < this.#latest.endMs) return this.#latest;
    const segments = this.#year(civilFromDays(Math.floor(utcMs / DAY_MS)).year);
    const found = segments.find((segment) => utcMs < segment.endMs);
    if (found === undefined) throw new Error(`No segment of ${this.name} contains ${utcMs}.`);
    this.#latest = found;
    return found;
  }

  #year(year: number): readonly ZoneSegment[] {
    const known = this.#years.get(year);
    if (known !== undefined) return known;
    const segments = this.#computeYear(year);
    this.#years.set(year, segments);
    return segments;
  }

  #computeYear(year: number): readonly ZoneSegment[] {
    const yearEndMs = daysFromCivil(year + 1, 1, 1) * DAY_MS;
    const segments: ZoneSegment[] = [];
    let startMs = daysFromCivil(year, 1, 1) * DAY_MS;
    let offsetMs = this.#offsetAt(startMs);
    for (let sampleMs = startMs; sampleMs < yearEndMs; ) {
      const nextMs = Math.min(sampleMs + SAMPLE_MS, yearEndMs);
      const nextOffsetMs = this.#offsetAt(nextMs);
      if (nextOffsetMs !== offsetMs) {
        const endMs = this.#transition(sampleMs, nextMs, offsetMs);
        segments.push({ startMs, endMs, offsetMs });
        startMs = endMs;
        offsetMs = nextOffsetMs;
      }
      sampleMs = nextMs;
    }
    if (startMs < yearEndMs) segments.push({ startMs, endMs: yearEndMs, offsetMs });
    return segments;
  }

  /** The first second in (low, high] at which the offset is no longer `offsetMs`. */
  #transition(lowMs: number, highMs: number, offsetMs: number): number {
    let low = Math.floor(lowMs / 1000);
    let high = Math.ceil(highMs / 1000);
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (this.#offsetAt(middle * 1000) === offsetMs) low = middle;
      else high = middle;
    }
    return high * 1000;
  }

  #offsetAt(utcMs: number): number {
    const match = /GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/.exec(this.#format.format(utcMs));
    if (match === null) throw new Error(`Intl gave no offset for ${this.name}.`);
    const seconds = Number(match[2] ?? 0) * 3600 + Number(match[3] ?? 0) * 60 + Number(match[4] ?? 0);
    return (match[1] === "-" ? -seconds : seconds) * 1000;
  }
}

function offsetFormat(name: string): Intl.DateTimeFormat {
  // Newer engines take bare offsets such as +02:00; all nodes must agree, and an offset knows no daylight saving.
  const unknown = `"${name}" is no IANA time zone. Use a name such as Europe/Berlin or UTC.`;
  if (!/^[A-Za-z][A-Za-z0-9_+\-/]{0,63}$/.test(name)) throw new CronTimeZoneError(unknown);
  try {
    return new Intl.DateTimeFormat("en-US", { timeZone: name, timeZoneName: "longOffset" });
  } catch (cause) {
    throw new CronTimeZoneError(unknown, { cause });
  }
}
