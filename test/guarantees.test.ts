/**
 * docs/guarantees.md names the tests that hold each rule; they must exist under the names it gives.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "@jest/globals";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const page = readFileSync(`${ROOT}docs/guarantees.md`, "utf8");
const named = [...page.matchAll(/\[([^\]]+)\]\(\.\.\/([^)]+\.test\.ts)\)/g)].map(([, title = "", file = ""]) => ({ title, file }));

describe("docs/guarantees.md", () => {
  test("names a test for each rule from G1 to G24", () => {
    const rules = [...page.matchAll(/^\| (G\d+) \|/gm)].map(([, rule]) => rule);
    expect(rules).toEqual(Array.from({ length: 24 }, (_, index) => `G${index + 1}`));
  });

  test.each(named.filter(({ title }) => !title.startsWith("ten rounds") && title !== "a test"))("$file has: $title", ({ file, title }) => {
    expect(readFileSync(`${ROOT}${file}`, "utf8")).toContain(title);
  });
});
