/** What is said about numbers: medians, percentiles, and tables of them. */

/** The number below which `share` of them lie, the two around it weighed. `NaN` for none. */
export function percentile(numbers, share) {
  const sorted = Float64Array.from(numbers).sort();
  if (sorted.length === 0) return Number.NaN;
  const at = (sorted.length - 1) * share;
  const low = Math.floor(at);
  const high = Math.ceil(at);
  return sorted[low] + (sorted[high] - sorted[low]) * (at - low);
}

export const median = (numbers) => percentile(numbers, 0.5);

/** Several runs of one measurement, as `{ median, min, max, runs }`. */
export function spread(numbers) {
  return {
    median: median(numbers),
    min: Math.min(...numbers),
    max: Math.max(...numbers),
    runs: numbers.length,
  };
}

/** Latencies in milliseconds as `{ p50Ms, p99Ms, maxMs }`. */
export function latencies(samplesMs) {
  let maxMs = Number.NaN;
  for (const sampleMs of samplesMs) if (!(sampleMs <= maxMs)) maxMs = sampleMs;
  return { p50Ms: percentile(samplesMs, 0.5), p99Ms: percentile(samplesMs, 0.99), maxMs };
}

/** For people: `12,345`, `12.3` or `0.123`; three digits that count. */
export function shown(number) {
  if (!Number.isFinite(number)) return "-";
  if (Math.abs(number) >= 100) return Math.round(number).toLocaleString("en-US");
  return String(Number(number.toPrecision(3)));
}

const cell = (value) => (typeof value === "number" ? shown(value) : String(value ?? ""));

/**
 * Lines of a Markdown table, aligned; numbers stand to the right.
 *
 * @param {readonly string[]} heads
 * @param {readonly (readonly unknown[])[]} rows
 */
export function table(heads, rows) {
  const cells = rows.map((row) => heads.map((_, column) => cell(row[column])));
  const widths = heads.map((head, column) =>
    Math.max(3, head.length, ...cells.map((row) => row[column].length)),
  );
  const isNumber = heads.map((_, column) => rows.some((row) => typeof row[column] === "number"));
  const line = (row) =>
    `| ${row.map((text, column) => (isNumber[column] ? text.padStart(widths[column]) : text.padEnd(widths[column]))).join(" | ")} |`;
  const rule = `| ${widths.map((width, column) => (isNumber[column] ? `${"-".repeat(width - 1)}:` : "-".repeat(width))).join(" | ")} |`;
  return [line(heads), rule, ...cells.map(line)].join("\n");
}
