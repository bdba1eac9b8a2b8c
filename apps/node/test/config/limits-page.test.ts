import { readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { OPTIONS } from "../../src/config/options.ts";

const page = readFileSync(new URL("../../../../docs/reference/limits.md", import.meta.url), "utf8");
const rows = [...page.matchAll(/^\|[^|]+\| `(--[a-z-]+)` \| `([^`]+)` \|/gm)].map(([, flag, fallback]) => ({ flag, fallback }));

test.each(rows)("docs/reference/limits.md gives the default of $flag as it is", ({ flag, fallback }) => {
  expect(Object.values(OPTIONS).find((option) => option.flag === flag)?.fallback).toBe(fallback);
});

test("docs/reference/limits.md has every limit of connections, calls and messages", () => {
  const flags = Object.values(OPTIONS).map(({ flag }) => flag);
  const limits = flags.filter((flag) => /^--(handshake|max-(handshakes|connection|streams|message|metadata))/.test(flag));
  expect(rows.map(({ flag }) => flag).sort()).toEqual(limits.sort());
});
