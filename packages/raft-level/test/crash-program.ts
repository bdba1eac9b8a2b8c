/** Appends until it is killed, and says on stdout what was acknowledged: `term snapshot last`. */
import { writeSync } from "node:fs";
import { LevelLogStorage } from "../src/index.ts";

const [directory = "", round = "1"] = process.argv.slice(2);
const term = Number(round);
const storage = await LevelLogStorage.open(directory);
const { entries, snapshot } = await storage.load();
// Each life rewrites a few entries of the one before, as a new leader's would.
let begin = snapshot.index;
let last = Math.max(begin, (entries.at(-1)?.index ?? begin) - 3);

async function appendNext(count: number): Promise<void> {
  const from = last + 1;
  last += count;
  const list = Array.from({ length: count }, (_, offset) => {
    const index = from + offset;
    return {
      index,
      term,
      type: "normal" as const,
      data: new Uint8Array(100 + (index % 400)).fill((index + term) % 251),
    };
  });
  await storage.append({ id: from, hardState: { term, votedFor: 1 }, entries: list });
  writeSync(1, `${term} ${begin} ${from + count - 1}\n`);
}

for (let turn = 1; ; turn++) {
  await Promise.all([appendNext(1 + (turn % 40)), appendNext(1 + (turn % 7)), appendNext(1)]);
  if (turn % 20 === 0) {
    begin = last - 50;
    await storage.compact({
      index: begin,
      term,
      configuration: { voters: [1], votersOutgoing: [], learners: [] },
      featureLevel: 0,
    });
  }
}
