import { describe, expect, test } from "@jest/globals";
import { cp, readFile, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Level } from "level";
import type { PersistedState } from "@coxswain/raft-core";
import type { TornWrite } from "../src/index.ts";
import { LevelLogStorage } from "../src/index.ts";
import { writeKey } from "../src/keys.ts";
import { batch, entries, entry, snapshotAt, temporaryDirectory, writeAheadLogOf } from "./workplace.ts";

/** Batches 1-10, 11-20 and 21-30, each in a write of its own, then closed. */
async function threeBatches(directory: string): Promise<void> {
  const storage = await LevelLogStorage.open(directory);
  for (const from of [1, 11, 21])
    await storage.append(batch(entries(from, from + 9), { term: from, votedFor: 1 }));
  await storage.close();
}

async function edit(
  directory: string,
  change: (raw: Level<Uint8Array, Uint8Array>) => Promise<void>,
): Promise<void> {
  const raw = new Level<Uint8Array, Uint8Array>(directory, { keyEncoding: "view", valueEncoding: "view" });
  await change(raw);
  await raw.close();
}

async function flipLastBit(raw: Level<Uint8Array, Uint8Array>, key: Uint8Array): Promise<void> {
  const record = Uint8Array.from((await raw.get(key)) ?? []);
  record[record.length - 1]! ^= 1;
  await raw.put(key, record);
}

async function loadFrom(directory: string): Promise<{ state: PersistedState; torn: TornWrite[] }> {
  const torn: TornWrite[] = [];
  const storage = await LevelLogStorage.open(directory, { onTruncated: (each) => torn.push(each) });
  try {
    return { state: await storage.load(), torn };
  } finally {
    await storage.close();
  }
}

describe("a bad record", () => {
  test.each([0, 1, 2, 3])("of write %d is refused with the directory and the way back", async (sequence) => {
    await using directory = await temporaryDirectory();
    await threeBatches(directory.path);
    await edit(directory.path, (raw) => flipLastBit(raw, writeKey(sequence)));
    const refused = loadFrom(directory.path);
    await expect(refused).rejects.toMatchObject({ code: "LOG_DAMAGED", category: "internal" });
    await expect(refused).rejects.toThrow(`write ${sequence} is bad`);
    await expect(refused).rejects.toThrow(directory.path);
    await expect(refused).rejects.toThrow(/add it again under a new id/);
  });

  test("of a write after which only the hard state was written is refused", async () => {
    await using directory = await temporaryDirectory();
    await threeBatches(directory.path);
    const storage = await LevelLogStorage.open(directory.path);
    await storage.append(batch([], { term: 40, votedFor: 0 }));
    await storage.close();
    await edit(directory.path, (raw) => flipLastBit(raw, writeKey(3)));
    await expect(loadFrom(directory.path)).rejects.toMatchObject({ code: "LOG_DAMAGED" });
  });

  test("in the place of another is refused", async () => {
    await using directory = await temporaryDirectory();
    await threeBatches(directory.path);
    await edit(directory.path, async (raw) => raw.put(writeKey(2), (await raw.get(writeKey(1)))!));
    await expect(loadFrom(directory.path)).rejects.toThrow("write 2 is bad");
  });

  test("before the begin of the log does no harm", async () => {
    await using directory = await temporaryDirectory();
    await threeBatches(directory.path);
    const storage = await LevelLogStorage.open(directory.path);
    const compacted = storage.compact(snapshotAt(20));
    const closed = storage.close();
    await compacted;
    await closed;
    await edit(directory.path, (raw) => raw.put(writeKey(1), Uint8Array.of(1)));
    expect((await loadFrom(directory.path)).state.entries).toHaveLength(10);
  });
});

describe("a hole", () => {
  test.each([0, 1, 2])(
    "where write %d was, even one that left no other trace, is refused",
    async (sequence) => {
      await using directory = await temporaryDirectory();
      await threeBatches(directory.path);
      await edit(directory.path, (raw) => raw.del(writeKey(sequence)));
      await expect(loadFrom(directory.path)).rejects.toThrow(`write ${sequence} is missing`);
    },
  );

  test("where the oldest write is that the log still needs is refused", async () => {
    await using directory = await temporaryDirectory();
    await threeBatches(directory.path);
    const storage = await LevelLogStorage.open(directory.path);
    await storage.compact(snapshotAt(15));
    await storage.append(batch([entry(31)]));
    await storage.close();
    await edit(directory.path, (raw) => raw.del(writeKey(2)));
    await expect(loadFrom(directory.path)).rejects.toThrow("write 2 is missing");
  });

  test("that is all there is is refused", async () => {
    await using directory = await temporaryDirectory();
    await threeBatches(directory.path);
    await edit(directory.path, async (raw) => {
      for (let sequence = 0; sequence <= 3; sequence++) await raw.del(writeKey(sequence));
    });
    await expect(loadFrom(directory.path)).rejects.toThrow("it holds no writes");
  });
});

describe("LevelDB's write-ahead log", () => {
  test("scenario 6: with a flipped bit in an earlier batch is refused, before LevelDB drops what follows", async () => {
    await using directory = await temporaryDirectory();
    await threeBatches(directory.path);
    const file = await writeAheadLogOf(directory.path);
    const bytes = await readFile(file);
    for (const offset of [20, Math.floor(bytes.length / 2)]) {
      const damaged = Buffer.from(bytes);
      damaged[offset]! ^= 16;
      await writeFile(file, damaged);
      await expect(loadFrom(directory.path)).rejects.toThrow(file);
    }
    await writeFile(file, bytes);
    expect((await loadFrom(directory.path)).state.entries).toHaveLength(30);
  });

  test("with a flipped bit in the last batch loses that batch alone", async () => {
    await using directory = await temporaryDirectory();
    await threeBatches(directory.path);
    const file = await writeAheadLogOf(directory.path);
    const bytes = await readFile(file);
    bytes[bytes.length - 3]! ^= 16;
    await writeFile(file, bytes);
    const { state, torn } = await loadFrom(directory.path);
    expect(state.entries).toHaveLength(20);
    expect(state.hardState).toEqual({ term: 11, votedFor: 1 });
    expect(torn).toEqual([{ file, atByte: expect.any(Number) }]);
    expect((await loadFrom(directory.path)).torn).toEqual([]);
  });

  test("scenario 6, a torn last record: cut at any byte holds all that was acknowledged before, and batches as a whole", async () => {
    await using directory = await temporaryDirectory();
    const original = join(directory.path, "original");
    const storage = await LevelLogStorage.open(original);
    await storage.load();
    const file = await writeAheadLogOf(original);
    // The end of the file and of the log after each acknowledged call.
    const acknowledged: { sizeBytes: number; lastIndex: number; term: number }[] = [];
    for (let round = 1; round <= 30; round++) {
      const from = Math.max(1, round * 4 - 5);
      await storage.append(batch(entries(from, from + 6, round), { term: round, votedFor: 2 }));
      acknowledged.push({ sizeBytes: (await stat(file)).size, lastIndex: from + 6, term: round });
    }
    await storage.close();
    const begin = acknowledged[0]?.sizeBytes ?? 0;
    const end = acknowledged.at(-1)?.sizeBytes ?? 0;
    for (let cut = begin; cut <= end; cut += 173) {
      const copy = join(directory.path, `cut-${cut}`);
      await cp(original, copy, { recursive: true });
      await truncate(await writeAheadLogOf(copy), cut);
      const { state } = await loadFrom(copy);
      const expected = acknowledged.findLast((each) => each.sizeBytes <= cut);
      expect({ cut, lastIndex: state.entries.at(-1)?.index, term: state.hardState.term }).toEqual({
        cut,
        lastIndex: expected?.lastIndex,
        term: expected?.term,
      });
      expect(state.entries.at(-1)).toEqual(entry(expected?.lastIndex ?? 0, expected?.term));
    }
  });
});
