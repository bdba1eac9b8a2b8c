import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "@jest/globals";
import { resolveConfig } from "../src/core/config.ts";
import { DEFAULT_SETTINGS } from "../src/index.ts";

const path = (name: string): string => fileURLToPath(new URL(`../${name}`, import.meta.url));
const README = readFileSync(path("README.md"), "utf8");

/** Each row of the table whose first column bears the title: cells by the name in the first one. */
function tableOf(title: string): Map<string, readonly string[]> {
  const begins = README.search(new RegExp(`^\\| *${title} *\\| *default *\\| *why *\\| *risk *\\|`, "m"));
  if (begins < 0) throw new Error(`no table of ${title}s`);
  const [, , ...rows] =
    README.slice(begins)
      .split(/\n\s*\n/)[0]
      ?.split("\n") ?? [];
  return new Map(
    rows.map((row) => {
      const cells = row
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim());
      return [/`(\w+)`/.exec(cells[0] ?? "")?.[1] ?? "", cells];
    }),
  );
}

/** The fields that an interface of the sources declares. */
function fieldsOf(file: string, name: string): string[] {
  const source = readFileSync(path(file), "utf8");
  const body = new RegExp(`export interface ${name} \\{\\n([\\s\\S]*?)\\n\\}`).exec(source)?.[1] ?? "";
  return [...body.matchAll(/^ {2}readonly (\w+)\??:/gm)].map(([, field = ""]) => field);
}

/** A default as people write it. */
function inWords(name: string, value: unknown): string {
  if (typeof value === "object" && value !== null && "min" in value && "max" in value)
    return `${inWords(name, value.min)} to ${inWords(name, value.max)}`;
  if (typeof value !== "number" || !name.endsWith("Bytes"))
    return Number(value) > 1 ? Number(value).toLocaleString("en-US") : String(value);
  return value % 1_048_576 === 0 ? `${value / 1_048_576} MiB` : `${value / 1_024} KiB`;
}

const { id: _required, ...coreDefaults } = resolveConfig({ id: 1 });
const tables = [
  {
    title: "setting",
    fields: fieldsOf("src/node/options.ts", "RaftNodeSettings"),
    defaults: Object.entries(DEFAULT_SETTINGS),
  },
  {
    title: "field",
    fields: fieldsOf("src/core/config.ts", "RaftConfig"),
    defaults: Object.entries(coreDefaults),
  },
];

describe.each(tables)("the README's table of each $title", ({ title, fields, defaults }) => {
  const table = tableOf(title);

  test("names each that there is, and no other", () => {
    expect(fields.length).toBeGreaterThan(10);
    expect([...table.keys()].sort()).toEqual([...fields].sort());
  });

  test("gives the defaults that hold", () => {
    const written = defaults.map(([name]) => [name, table.get(name)?.[1]]);
    expect(written).toEqual(defaults.map(([name, value]) => [name, inWords(name, value)]));
  });

  test("says why, and at what risk", () => {
    expect([...table].filter(([, cells]) => cells.length !== 4 || cells.some((cell) => cell === ""))).toEqual(
      [],
    );
  });
});
