import { safeLine } from "./text.ts";

/** Rows under headings, columns aligned, two spaces between; no trailing blanks. Cells are made safe to show. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [headings, ...rows.map((row) => row.map(safeLine))];
  const widths = headings.map((_heading, column) =>
    Math.max(...lines.map((line) => width(line[column] ?? ""))),
  );
  return lines.map((line) => `${padded(line, widths).trimEnd()}\n`).join("");
}

/** `label  value` lines, labels padded to one width; pairs without a value are left out. */
export function fields(pairs: readonly (readonly [label: string, value: string | undefined])[]): string {
  const present = pairs.filter(
    (pair): pair is readonly [string, string] => pair[1] !== undefined && pair[1] !== "",
  );
  const labelWidth = Math.max(...present.map(([label]) => width(label)));
  return present.map(([label, value]) => `${label.padEnd(labelWidth)}  ${safeLine(value)}\n`).join("");
}

function padded(line: readonly string[], widths: readonly number[]): string {
  return line
    .map((cell, column) => cell + " ".repeat(Math.max(0, (widths[column] ?? 0) - width(cell))))
    .join("  ");
}

/** Columns that a terminal needs, near enough: one for each code point. */
function width(text: string): number {
  return [...text].length;
}
