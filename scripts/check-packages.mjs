/**
 * What `npm pack` would publish must be well formed: publint and "are the types wrong" on each package.
 */
import { readdirSync, readFileSync } from "node:fs";
import { bin, CommandFailed, ROOT, run } from "./lib/run.mjs";

/** At a time; each check is a process of its own. */
const CONCURRENCY = 2;

const packageDirectories = ["packages", "apps"].flatMap((parent) =>
  readdirSync(`${ROOT}${parent}`).map((name) => `${parent}/${name}`),
);

async function checkPackage(directory) {
  const cwd = `${ROOT}${directory}`;
  const { name } = JSON.parse(readFileSync(`${cwd}/package.json`, "utf8"));
  await run(bin("publint"), ["--strict"], { cwd, capture: true });
  await run(bin("attw"), ["--pack", ".", "--profile", "esm-only", "--format", "ascii"], { cwd, capture: true });
  console.log(`   ${name}`);
}

/** Checks every package; all failures are shown before it throws. */
export async function checkPackages() {
  const queue = [...packageDirectories];
  const failures = [];
  const worker = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      try {
        await checkPackage(next);
      } catch (error) {
        if (!(error instanceof CommandFailed)) throw error;
        failures.push(`${next}: ${error.message}\n${error.output}`);
      }
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
  if (failures.length > 0) throw new CommandFailed("publint and attw", 1, failures.join("\n"));
}
