/**
 * A trace is a text of four kinds of line: `#` comments, empty lines, `> ` commands, and what a command
 * printed, indented below it. Reading and writing it again without running anything gives the same text.
 */
export interface Step {
  /** Comments and empty lines before the command. */
  readonly preface: readonly string[];
  /** Without the mark; undefined after the last command. */
  readonly command: string | undefined;
  readonly output: readonly string[];
}

const MARK = "> ";
const INDENT = "  ";

export function parseScript(text: string): Step[] {
  const steps: Step[] = [];
  let preface: string[] = [];
  let current: { command: string; preface: string[]; output: string[] } | undefined;
  for (const line of text.replace(/\n$/, "").split("\n")) {
    if (line.startsWith(MARK)) {
      current = { command: line.slice(MARK.length).trim(), preface, output: [] };
      preface = [];
      steps.push(current);
    } else if (line.startsWith(INDENT) && current !== undefined && preface.length === 0) {
      current.output.push(line.slice(INDENT.length));
    } else if (line === "" || line.startsWith("#")) {
      preface.push(line);
    } else {
      throw new Error(`neither comment, command nor output: ${line}`);
    }
  }
  if (preface.length > 0) steps.push({ preface, command: undefined, output: [] });
  return steps;
}

export function formatScript(steps: readonly Step[]): string {
  const lines = steps.flatMap(({ preface, command, output }) => [
    ...preface,
    ...(command === undefined ? [] : [MARK + command]),
    ...output.map((line) => INDENT + line),
  ]);
  return `${lines.join("\n")}\n`;
}
