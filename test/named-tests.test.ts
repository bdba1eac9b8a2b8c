/**
 * The pages of docs/ name tests as proof of what they say; each must exist under the name it is given.
 */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "@jest/globals";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const pages = readdirSync(`${ROOT}docs`, { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".md"));

/** `[the test's title](its file)`, also where a test file has its cases from another; a text in parentheses is a remark and no title. */
const named = pages.flatMap((name) => {
  const page = join(ROOT, "docs", name);
  const links = readFileSync(page, "utf8").matchAll(/\[([^\]]+)\]\(([^)\s]*\btest\/[^)\s]+\.ts)\)/g);
  return [...links].map(([, title = "", link = ""]) => {
    const file = resolve(dirname(page), link);
    return { page: name, title, file, shown: relative(ROOT, file) };
  });
});

describe("docs", () => {
  test("name tests", () => {
    expect(named.length).toBeGreaterThan(50);
  });

  test.each(named.filter(({ title }) => !title.startsWith("(")))("$page: $shown has: $title", ({ file, title }) => {
    expect(readFileSync(file, "utf8")).toContain(title);
  });
});
