/**
 * The table of docs/reference/configuration.md, made from the options themselves.
 */
import { OPTIONS } from "./options.ts";

const cell = (text: string): string => text.replaceAll("|", "\\|");

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
