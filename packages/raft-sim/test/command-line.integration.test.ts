/** The command as it is published: on the built package, with threads. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "@jest/globals";

const COMMAND = fileURLToPath(new URL("../bin/raft-sim.mjs", import.meta.url));

function run(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [COMMAND, ...args], { maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === "number" ? error.code : 0, stdout, stderr });
    });
  });
}

/** `COX_SIM_SEEDS=200000` for a longer search; `COX_SIM_FIRST_SEED` to search elsewhere. */
const SEEDS = process.env["COX_SIM_SEEDS"] ?? "2000";
const FIRST_SEED = process.env["COX_SIM_FIRST_SEED"] ?? "1";

test(`${SEEDS} seeds of 3,000 steps keep every promise`, async () => {
  const { code, stdout } = await run(
    "--seeds",
    SEEDS,
    "--seed",
    FIRST_SEED,
    "--steps",
    "3000",
    "--jobs",
    "2",
  );
  // With a failure, this is its seed and its minimized trace.
  expect(stdout).toMatch(/; 0 failed\n$/);
  expect(code).toBe(0);
}, 3_600_000);

describe("raft-sim", () => {
  test("says how many seeds it ran, and how fast", async () => {
    const { code, stdout } = await run("--seeds", "9", "--steps", "300", "--jobs", "2");
    expect(stdout).toMatch(/^9 seeds from 1, \d+ steps in .* on 2 threads: \d+ seeds\/s, .*; 0 failed$/m);
    expect(code).toBe(0);
  });

  test("prints one seed step by step, the same each time", async () => {
    const args = ["--seed", "4", "--steps", "50", "--trace"];
    const [first, second] = [await run(...args), await run(...args)];
    expect(first.stdout.split("\n").length).toBeGreaterThan(50);
    expect(first).toEqual(second);
  });

  test("names what it does not understand", async () => {
    expect(await run("--without", "rain")).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/rain: there is loss/),
    });
    expect(await run("--seeds", "none")).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/--seeds none/),
    });
  });
});
