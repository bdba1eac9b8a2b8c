import { readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { configurationPage } from "../../src/config/config-table.ts";

test("docs/reference/configuration.md says what the options are; if not, run npm run docs", () => {
  const page = readFileSync(new URL("../../../../docs/reference/configuration.md", import.meta.url), "utf8");
  expect(page).toBe(configurationPage());
});
