import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "@jest/globals";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

test("docs/reference/errors.md lists every error code of the sources, with a meaning; if not, run npm run docs", () => {
  const script = "import('./scripts/error-codes.mjs').then((made) => process.stdout.write(made.errorsPage()))";
  const page = execFileSync(process.execPath, ["--input-type=module", "-e", script], { cwd: ROOT, encoding: "utf8" });
  expect(readFileSync(`${ROOT}docs/reference/errors.md`, "utf8")).toBe(page);
  expect(page).not.toMatch(/\| {2}\|$/m);
});
