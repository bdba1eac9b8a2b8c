/**
 * From wall times to instants (the Time section of docs/architecture.md).
 *
 * An interval job matches literally: whatever the wall clock shows, as often as it shows it.
 * A fixed time happens once: it belongs to the first moment at which the wall clock has reached it.
 * So a time inside a gap happens at the end of the gap, and one inside an overlap in the first pass.
 */
import { DAY_MS } from "./calendar.ts";
import type { Pattern } from "./pattern.ts";
import type { TimeZone } from "./time-zone.ts";

/** No zone is further than this from UTC. */
const MAX_OFFSET_MS = DAY_MS;
/** Long enough for every overlap there has been: dates were repeated at the date line. */
const LOOK_BACK_MS = 2 * DAY_MS;

/** The first occurrence after `afterMs`, searching up to `horizonMs`. */
export function nextOccurrence(pattern: Pattern, zone: TimeZone, afterMs: number, horizonMs: number): number | undefined {
  return pattern.isInterval
    ? nextOfInterval(pattern, zone, afterMs, horizonMs)
    : nextOfFixedTime(pattern, zone, afterMs, horizonMs);
}

function nextOfInterval(pattern: Pattern, zone: TimeZone, afterMs: number, horizonMs: number): number | undefined {
  let fromMs = afterMs + 1;
  while (fromMs <= horizonMs) {
    const { endMs, offsetMs } = zone.segmentAt(fromMs);
    const wallMs = pattern.next(fromMs + offsetMs, horizonMs + MAX_OFFSET_MS);
    if (wallMs !== undefined && wallMs - offsetMs < endMs) return wallMs - offsetMs;
    // No wall clock shows a match before `clearUntilMs`, not even one that is set back after this segment.
    const clearUntilMs = pattern.next(endMs - LOOK_BACK_MS, horizonMs + MAX_OFFSET_MS);
    if (clearUntilMs === undefined) return undefined;
    fromMs = Math.max(endMs, clearUntilMs - LOOK_BACK_MS);
  }
  return undefined;
}

function nextOfFixedTime(pattern: Pattern, zone: TimeZone, afterMs: number, horizonMs: number): number | undefined {
  const wallMs = pattern.next(newestWall(zone, afterMs) + 1, horizonMs + MAX_OFFSET_MS);
  return wallMs === undefined ? undefined : firstReached(zone, wallMs);
}

/** The furthest that the wall clock has shown until `utcMs`; more than it shows now during the second pass of an overlap. */
function newestWall(zone: TimeZone, utcMs: number): number {
  const current = zone.segmentAt(utcMs);
  let newest = utcMs + current.offsetMs;
  let startMs = current.startMs;
  while (utcMs - startMs < LOOK_BACK_MS) {
    const earlier = zone.segmentAt(startMs - 1);
    newest = Math.max(newest, earlier.endMs - 1 + earlier.offsetMs);
    startMs = earlier.startMs;
  }
  return newest;
}

/** The first instant at which the wall clock shows `wallMs` or more. */
function firstReached(zone: TimeZone, wallMs: number): number {
  let segment = zone.segmentAt(wallMs - MAX_OFFSET_MS);
  while (wallMs - segment.offsetMs >= segment.endMs) segment = zone.segmentAt(segment.endMs);
  return Math.max(segment.startMs, wallMs - segment.offsetMs);
}
