/**
 * Appends until a call rejects, then tries everything once more, and says on stdout what came of each call: `acknowledged
 * INDEX`, or `refused CALL CODE`.
 */
import { writeSync } from "node:fs";
import { LevelLogStorage } from "../src/level-log-storage.ts";
import { batch, entry, snapshotAt } from "./workplace.ts";

const ENTRY_BYTES = 300_000;
const MOST_ENTRIES = 50;
const [directory = ""] = process.argv.slice(2);

function say(line: string): void {
  writeSync(1, `${line}\n`);
}

async function attempt(call: string, made: Promise<unknown>): Promise<boolean> {
  try {
    await made;
    say(`acknowledged ${call}`);
    return true;
  } catch (error) {
    say(`refused ${call} ${(error as { code: string }).code}`);
    return false;
  }
}

async function run(): Promise<void> {
  const storage = await LevelLogStorage.open(directory);
  const { entries } = await storage.load();
  let last = entries.at(-1)?.index ?? 0;
  const append = (index: number) =>
    storage.append(batch([entry(index, index, ENTRY_BYTES)], { term: index, votedFor: 1 }));
  while (last < MOST_ENTRIES && (await attempt(String(last + 1), append(last + 1)))) last += 1;
  await Promise.all([
    attempt("append", append(last + 1)),
    attempt("compact", storage.compact(snapshotAt(Math.max(0, last - 1)))),
    attempt("reset", storage.reset(snapshotAt(last + 100))),
    attempt("load", storage.load()),
  ]);
  await storage.close();
}

await attempt("run", run());
