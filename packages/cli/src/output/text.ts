// C0 and C1 controls besides newline and tab: what a job prints must not steer the terminal of whoever looks at it.
// eslint cannot tell such a range in a literal from a slip, so it is built from code points.
const range = (from: number, to: number): string =>
  `${String.fromCodePoint(from)}-${String.fromCodePoint(to)}`;
const controls = new RegExp(`[${range(0x00, 0x08)}${range(0x0b, 0x1f)}${range(0x7f, 0x9f)}]`, "g");
const lineBreaks = /[\n\t]/g;

/** Text of many lines, safe to show. Carriage returns before newlines go, other controls become visible. */
export function safeText(text: string): string {
  return text.replaceAll("\r\n", "\n").replaceAll(controls, visible);
}

/** Text for one line of a table. */
export function safeLine(text: string): string {
  return safeText(text).replaceAll(lineBreaks, visible);
}

function visible(control: string): string {
  const named: Readonly<Record<string, string>> = { "\n": "\\n", "\t": "\\t", "\r": "\\r", "\u001b": "\\e" };
  return named[control] ?? `\\x${(control.codePointAt(0) ?? 0).toString(16).padStart(2, "0")}`;
}

/** At most `width` code points, with an ellipsis where something is missing. */
export function clipped(text: string, width: number): string {
  const codePoints = [...text];
  return codePoints.length <= width ? text : `${codePoints.slice(0, width - 1).join("")}\u2026`;
}
