/**
 * `npm test`: everything that must hold, from a bare clone. Ends with `N passed, N failed, N skipped`.
 * Arguments go to jest; with any, only jest runs (after a build).
 */
import { checkPackages } from "./check-packages.mjs";
import { build } from "./lib/prepare.mjs";
import { bin, CommandFailed, run } from "./lib/run.mjs";

const jestArgs = process.argv.slice(2);

const checks = [
  ["types", () => run(bin("tsc"), ["-b"])],
  ["lint", () => run(bin("eslint"), ["."])],
  ["import rules", () => run(bin("depcruise"), ["--config", ".dependency-cruiser.cjs", "packages", "apps", "examples"])],
  ["protos", () => run(bin("buf"), ["lint"], { cwd: new URL("../protos", import.meta.url).pathname })],
  ["packages", checkPackages],
  ["api reference", () => run(bin("typedoc"), ["--emit", "none", "--logLevel", "Warn"])],
];

async function step(name, action) {
  const startedAt = performance.now();
  process.stdout.write(`\n== ${name}\n`);
  await action();
  console.log(`== ${name}: ok, ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
}

try {
  await step("build", build);
  if (jestArgs.length === 0) for (const [name, action] of checks) await step(name, action);
  await step("tests", () =>
    run(bin("jest"), jestArgs, {
      env: { NODE_OPTIONS: "--experimental-vm-modules --disable-warning=ExperimentalWarning" },
    }),
  );
} catch (error) {
  if (!(error instanceof CommandFailed)) throw error;
  console.error(`\n${error.message}`);
  if (error.output) console.error(error.output);
  // jest has printed its own closing line; a check that failed before it counts as one failure.
  if (!error.message.includes("/jest")) console.log("\n0 passed, 1 failed, 0 skipped");
  process.exitCode = 1;
}
