/** docs/guarantees.md speaks of every rule; test/named-tests.test.ts looks for the tests it names. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "@jest/globals";

const page = readFileSync(fileURLToPath(new URL("../docs/guarantees.md", import.meta.url)), "utf8");

test("docs/guarantees.md names a test for each rule from G1 to G24", () => {
  const rules = [...page.matchAll(/^\| (G\d+) \|.*\.test\.ts\)/gm)].map(([, rule]) => rule);
  expect(rules).toEqual(Array.from({ length: 24 }, (_, index) => `G${index + 1}`));
});
