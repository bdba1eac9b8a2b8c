/** The command as it is published: on the built package, with threads. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "@jest/globals";
import { COUNTED } from "../src/index.ts";

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

/** What takes more seeds than are run here. The core's own tests bring it about. */
const RARE = ["droppedWrites"];

test("300 seeds reach everything that is counted: each kind of fault, and each state worth seeing", async () => {
  const { code, stdout } = await run("--seeds", "300", "--coverage", "--jobs", "2");
  const rows = [...stdout.matchAll(/^(\w+) +(\d+\.\d) % +(\d+) /gm)];
  expect(rows.map(([, name]) => name)).toEqual(Object.keys(COUNTED));
  const missing = rows.filter(([, , , total]) => total === "0").map(([, name]) => name ?? "");
  expect(missing.filter((name) => !RARE.includes(name))).toEqual([]);
  expect(code).toBe(0);
}, 300_000);

describe("the same seeds give the same runs, byte for byte", () => {
  test("in two processes, traced line by line", async () => {
    for (const seed of ["4", "5", "23"]) {
      const args = ["--seed", seed, "--trace"];
      const [first, second] = await Promise.all([run(...args), run(...args)]);
      expect(first.stdout.split("\n").length).toBeGreaterThan(3_000);
      expect(first.stdout === second.stdout).toBe(true);
    }
  }, 120_000);

  test("however many threads share them", async () => {
    const digestOf = async (jobs: string): Promise<string | undefined> => {
      const { stdout } = await run("--seeds", "12", "--jobs", jobs);
      return /digest ([0-9a-f]{8});/.exec(stdout)?.[1];
    };
    const [one, three] = [await digestOf("1"), await digestOf("3")];
    expect(one).toBeDefined();
    expect(three).toBe(one);
  }, 120_000);
});

describe("raft-sim", () => {
  test("says how many seeds it ran, and how fast", async () => {
    const { code, stdout } = await run("--seeds", "9", "--steps", "300", "--jobs", "2");
    expect(stdout).toMatch(/^9 seeds from 1, \d+ steps in .* on 2 threads: \d+ seeds\/s, .*; 0 failed$/m);
    expect(code).toBe(0);
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
