/**
 * What every command of the repository needs first: dependencies, generated code, built packages.
 */
import { statSync } from "node:fs";
import { bin, ROOT, run } from "./run.mjs";

const modified = (path) => statSync(`${ROOT}${path}`, { throwIfNoEntry: false })?.mtimeMs ?? 0;

/**
 * Installs what the lock file says, unless what is installed is newer. Not `npm ci`: that refuses a lock file which was written where a registry has no
 * packages for other platforms; `--no-save` leaves the lock file alone as well.
 */
export async function install() {
  if (modified("node_modules/.package-lock.json") >= modified("package-lock.json")) return;
  console.log("Installing dependencies ...");
  await run("npm", ["install", "--no-save", "--no-audit", "--no-fund", "--loglevel=error"]);
}

/** Generates code from protos and compiles every package; what is unchanged comes from turbo's cache. */
export async function build() {
  await install();
  await run(bin("turbo"), ["run", "compile", "--output-logs=errors-only", "--log-order=grouped"]);
}
