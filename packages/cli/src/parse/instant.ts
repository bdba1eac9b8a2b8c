import { UsageError } from "../errors.ts";
import { parseDuration } from "./duration.ts";

const rfc3339 = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;
const plain = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/;
const epochSeconds = /^\d{1,11}(\.\d+)?$/;

/**
 * An instant as people write it, in ms since the epoch: RFC 3339, epoch seconds, `2006-01-02 15:04:05` (UTC), or
 * `+3s` from now.
 *
 * @throws UsageError
 */
export function parseInstant(text: string, nowMs: number): number {
  const trimmed = text.trim();
  if (trimmed.startsWith("+")) return nowMs + parseDuration(trimmed.slice(1));
  if (epochSeconds.test(trimmed)) return Math.round(Number(trimmed) * 1_000);
  if (/^\d{12,}$/.test(trimmed))
    throw new UsageError(
      `${text} looks like milliseconds: give epoch seconds, such as ${trimmed.slice(0, -3)}.`,
    );
  const iso = plain.test(trimmed) ? `${trimmed.replace(" ", "T")}Z` : trimmed;
  const instant = rfc3339.test(iso) ? Date.parse(iso.toUpperCase()) : Number.NaN;
  if (Number.isNaN(instant) || !sameDay(iso)) {
    throw new UsageError(
      `${JSON.stringify(text)} is no instant: write 2026-01-02T15:04:05Z, "2026-01-02 15:04:05" (UTC), epoch seconds, or +3s.`,
    );
  }
  return instant;
}

/** `Date.parse` takes the 31st of February for the 3rd of March. */
function sameDay(iso: string): boolean {
  const day = iso.slice(0, 10);
  const parsed = Date.parse(`${day}T00:00:00Z`);
  return !Number.isNaN(parsed) && new Date(parsed).toISOString().startsWith(day);
}
