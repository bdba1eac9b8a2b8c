/** `2026-01-02T15:04:05.678Z`, or nothing. */
export function instant(ms: number | undefined): string {
  return ms === undefined ? "" : new Date(ms).toISOString();
}

/** A length of time in its two largest units: `850ms`, `3.2s`, `4m05s`, `2h03m`, `3d04h`. */
export function duration(ms: number): string {
  if (ms < 1_000) return `${String(Math.max(0, Math.round(ms)))}ms`;
  if (ms < 59_950) return `${(ms / 1_000).toFixed(1)}s`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 3_600) return `${String(Math.floor(seconds / 60))}m${two(seconds % 60)}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 1_440) return `${String(Math.floor(minutes / 60))}h${two(minutes % 60)}m`;
  const hours = Math.floor(minutes / 60);
  return `${String(Math.floor(hours / 24))}d${two(hours % 24)}h`;
}

function two(count: number): string {
  return String(count).padStart(2, "0");
}
