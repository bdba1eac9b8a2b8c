import { expect, test } from "@jest/globals";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { join } from "node:path";
import { LevelLogStorage } from "../src/index.ts";
import { compileSources } from "./compiled-sources.ts";
import { temporaryDirectory } from "./workplace.ts";

const ROUNDS = 15;

/** Runs the program until it acknowledged `count` calls, kills it, and returns the last it acknowledged. */
async function runAndKill(program: string, directory: string, round: number, count: number): Promise<string> {
  const child = spawn(process.execPath, [program, directory, String(round)], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, NODE_OPTIONS: "" },
  });
  const exited = once(child, "exit");
  let acknowledged = 0;
  let newest = "";
  for await (const line of createInterface({ input: child.stdout })) {
    newest = line;
    acknowledged += 1;
    if (acknowledged === count) child.kill("SIGKILL");
  }
  const [, signal] = await exited;
  expect(signal).toBe("SIGKILL");
  return newest;
}

test(`${ROUNDS} kills lose nothing that was acknowledged`, async () => {
  await using directory = await temporaryDirectory();
  const program = await join(await compileSources(directory.path), "crash-program.js");
  const log = join(directory.path, "log");
  for (let round = 1; round <= ROUNDS; round++) {
    const newest = await runAndKill(program, log, round, 20 * round);
    const [term = 0, snapshotIndex = 0, lastIndex = 0] = newest.split(" ").map(Number);
    const storage = await LevelLogStorage.open(log);
    const { hardState, snapshot, entries } = await storage.load();
    await storage.close();
    expect(term).toBe(round);
    expect(hardState).toEqual({ term, votedFor: 1 });
    expect(snapshot.index).toBeGreaterThanOrEqual(snapshotIndex);
    expect(entries.at(-1)?.index).toBeGreaterThanOrEqual(lastIndex);
    entries.forEach((entry, position) => {
      const { index } = entry;
      if (index !== snapshot.index + 1 + position) throw new Error(`entry ${index} is out of place`);
      const expected = new Uint8Array(100 + (index % 400)).fill((index + entry.term) % 251);
      if (Buffer.compare(entry.data, expected) !== 0) throw new Error(`entry ${index} has other bytes`);
    });
  }
}, 120_000);
