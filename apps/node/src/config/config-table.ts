/**
 * The table of docs/reference/configuration.md, made from the options themselves.
 */
import { OPTIONS } from "./options.ts";

const cell = (text: string): string => text.replaceAll("|", "\\|");

/** docs/reference/configuration.md, whole. */
export function configurationPage(): string {
  return `# Configuration of a node

A flag wins over a variable, a variable over the file named by \`--config\` (or \`COX_CONFIG\`), the file over the default. The file is one JSON object with the keys
below. Durations are written 250ms, 10s, 5m, 2h or 30d; sizes 500MB or 2GB, or a number of bytes.

${configTable()}
This page is written by \`npm run docs\`.
`;
}

/** A Markdown table: flag, variables, key in the file, default, meaning. */
export function configTable(): string {
  const rows = Object.entries(OPTIONS).map(([key, { flag, env, fallback, placeholder, meaning }]) => {
    const usage = placeholder === "" ? flag : `${flag} <${placeholder}>`;
    const shown = fallback === undefined || fallback === "" ? "" : `\`${String(fallback)}\``;
    const variables = env.map((name) => `\`${name}\``).join(", ");
    return `| \`${cell(usage)}\` | ${variables} | \`${key}\` | ${shown} | ${cell(meaning)} |`;
  });
  return ["| flag | variables | key in the file | default | meaning |", "|---|---|---|---|---|", ...rows, ""].join("\n");
}
