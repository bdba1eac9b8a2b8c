import { UsageError } from "../errors.ts";

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const part = /(\d+(?:\.\d+)?)(ms|s|m|h|d)/g;

/**
 * A length of time in ms: `500ms`, `3s`, `1h30m`, or seconds without a unit.
 *
 * @throws UsageError
 */
export function parseDuration(text: string): number {
  const trimmed = text.trim();
  if (/^\d+(\.\d+)?$/.test(trimmed)) return Math.round(Number(trimmed) * 1_000);
  const parts = [...trimmed.matchAll(part)];
  const whole = parts.map(([matched]) => matched).join("");
  if (parts.length === 0 || whole !== trimmed) {
    throw new UsageError(`${JSON.stringify(text)} is no length of time: write 500ms, 3s, 5m or 1h30m.`);
  }
  return Math.round(
    parts.reduce((sumMs, [, count, unit = ""]) => sumMs + Number(count) * (unitMs[unit] ?? 0), 0),
  );
}
