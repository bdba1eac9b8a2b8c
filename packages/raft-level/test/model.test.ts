/** The log beside the twin in memory: the same calls, grouped by chance, must leave the same log after any restart. */
import { expect, test } from "@jest/globals";
import { type LogStorage, MemoryLogStorage } from "@coxswain/raft-core";
import { LevelLogStorage } from "../src/index.ts";
import { seededRandom } from "./random.ts";
import { SortedDatabase } from "./sorted-database.ts";
import { batch, entries, snapshotAt } from "./workplace.ts";

interface Ends {
  first: number;
  last: number;
}

/** A call that is allowed on a log that holds `first` to `last`, and moves these. */
function nextCall(random: () => number, ends: Ends, term: number): (storage: LogStorage) => Promise<void> {
  const below = (limit: number): number => Math.floor(random() * limit);
  const length = ends.last - ends.first + 1;
  switch (below(10)) {
    case 0: {
      const snapshot = snapshotAt(ends.last + below(5), term);
      ends.first = snapshot.index + 1;
      ends.last = snapshot.index;
      return (storage) => storage.reset(snapshot);
    }
    case 1:
    case 2: {
      if (length === 0) return (storage) => storage.append(batch([]));
      const snapshot = snapshotAt(ends.first + below(length), term);
      ends.first = snapshot.index + 1;
      return (storage) => storage.compact(snapshot);
    }
    case 3: {
      const votedFor = below(4);
      return (storage) => storage.append(batch([], { term, votedFor }));
    }
    default: {
      const from = ends.last + 1 - (random() < 0.3 ? below(Math.min(length, 8) + 1) : 0);
      const list = entries(from, from + below(12), term, below(40));
      ends.last = from + list.length - 1;
      return (storage) => storage.append(batch(list));
    }
  }
}

test.each(Array.from({ length: 40 }, (_, seed) => seed + 1))("seed %d", async (seed) => {
  const random = seededRandom(seed);
  const model = new MemoryLogStorage();
  const database = new SortedDatabase();
  const open = (): Promise<LevelLogStorage> =>
    LevelLogStorage.open("/data/log", { openDatabase: () => Promise.resolve(database) });
  let storage = await open();
  const ends = { first: 1, last: 0 };
  for (let term = 1; term <= 30; term++) {
    const calls = Array.from({ length: 1 + Math.floor(random() * 6) }, () => nextCall(random, ends, term));
    for (const call of calls) await call(model);
    await Promise.all(calls.map((call) => call(storage)));
    if (random() < 0.5) {
      await storage.close();
      storage = await open();
    }
    const [found, expected] = [await storage.load(), await model.load()];
    expect(JSON.stringify(found)).toBe(JSON.stringify(expected));
  }
  await storage.close();
});
