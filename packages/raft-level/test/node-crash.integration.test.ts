/** Whole nodes, killed with SIGKILL again and again while they compact their logs and install snapshots. */
import { expect, jest, test } from "@jest/globals";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { compileSources } from "./compiled-sources.ts";
import { seededRandom } from "./random.ts";
import { temporaryDirectory } from "./workplace.ts";

// What was lost once is lost: no second try forgives it.
jest.retryTimes(0);

const ROUNDS = 20;
const SEED = Number(process.env["SEED"] ?? 7);
/** A life ends a little after so many acknowledgements, at most, or after so many followers came back and need a snapshot. */
const MOST_DONE = 400;
const MOST_MENDED = 4;
const MOMENT_MS = 15;

interface Life {
  /** What a linearizable read found at its start; absent when it was killed before. */
  readonly state?: readonly string[];
  readonly done: readonly string[];
  readonly installed: number;
  readonly signal: string | null;
  readonly same: boolean;
}

interface Moment {
  readonly afterMs: number;
  /** Of the lines that begin with `word`, the one that starts the clock. */
  readonly word: "done" | "mended" | "never";
  readonly times: number;
}

/** Runs the nodes, and kills them at the moment. */
async function live(
  program: string,
  args: readonly string[],
  { word, times, afterMs }: Moment,
): Promise<Life> {
  const child = spawn(process.execPath, [program, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { PATH: process.env["PATH"] },
  });
  const exited = once(child, "close");
  const said: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    said.push(line);
    // The moment is the fault: whatever is under way then is cut off.
    if (line.startsWith(word) && said.filter((each) => each.startsWith(word)).length === times)
      setTimeout(() => child.kill("SIGKILL"), afterMs);
  }
  const [, signal] = (await exited) as [number | null, string | null];
  const after = (word: string) =>
    said.filter((line) => line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1));
  const [state] = after("state");
  return {
    ...(state !== undefined && { state: JSON.parse(state) as string[] }),
    done: after("done"),
    installed: said.filter((line) => line === "installed").length,
    signal,
    same: said.includes("same"),
  };
}

function expectAll(
  state: readonly string[] | undefined,
  acknowledged: ReadonlySet<string>,
  story: string,
): void {
  if (state === undefined) return;
  const found = new Set(state);
  const lost = [...acknowledged].filter((proposal) => !found.has(proposal));
  if (lost.length > 0) throw new Error(`${story}: acknowledged and lost: ${lost.join(", ")}`);
  if (found.size !== state.length) throw new Error(`${story}: a proposal was applied twice`);
}

test(`${ROUNDS} kills of three nodes during compactions and snapshots lose no acknowledged proposal, and the three agree`, async () => {
  console.info(`node kills: SEED=${SEED}`);
  await using directory = await temporaryDirectory();
  const program = join(await compileSources(directory.path), "node-crash-program.js");
  const data = join(directory.path, "data");
  const random = seededRandom(SEED);
  const acknowledged = new Set<string>();
  let installed = 0;
  for (let round = 1; round <= ROUNDS; round++) {
    const word = round % 2 === 0 ? "mended" : "done";
    const times = 1 + Math.floor(random() * (word === "mended" ? MOST_MENDED : MOST_DONE));
    const life = await live(program, [data, String(round)], { word, times, afterMs: random() * MOMENT_MS });
    expect(life.signal).toBe("SIGKILL");
    expectAll(life.state, acknowledged, `life ${round} of SEED=${SEED}`);
    for (const proposal of life.done) acknowledged.add(proposal);
    installed += life.installed;
  }
  const last = await live(program, [data, "last", "check"], { word: "never", times: 1, afterMs: 0 });
  expectAll(last.state, acknowledged, `after SEED=${SEED}`);
  expect(last.same).toBe(true);
  console.info(`node kills: ${acknowledged.size} proposals acknowledged, ${installed} snapshots installed`);
  expect(installed).toBeGreaterThan(0);
}, 900_000);
