import { describe, expect, test } from "@jest/globals";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Level } from "level";
import { LevelLogStorage } from "../src/index.ts";
import { END_OF_WRITES_KEY, FIRST_WRITE_KEY } from "../src/keys.ts";
import { batch, entries, entry, snapshotAt, temporaryDirectory } from "./workplace.ts";

describe("opening", () => {
  test("a directory that another storage uses is refused", async () => {
    await using directory = await temporaryDirectory();
    const first = await LevelLogStorage.open(directory.path);
    await expect(LevelLogStorage.open(directory.path)).rejects.toMatchObject({
      code: "DIRECTORY_LOCKED",
      category: "conflict",
      message: expect.stringContaining(`another process uses this data directory: ${directory.path}`),
    });
    await first.close();
    const second = await LevelLogStorage.open(directory.path);
    await second.close();
  });

  test("an empty directory is refused when the node has had a log", async () => {
    await using directory = await temporaryDirectory();
    await expect(
      LevelLogStorage.open(join(directory.path, "log"), { mustExist: true }),
    ).rejects.toMatchObject({ code: "LOG_MISSING" });
  });

  test("a log without its CURRENT file is refused, not begun anew", async () => {
    await using directory = await temporaryDirectory();
    const storage = await LevelLogStorage.open(directory.path);
    await storage.append(batch(entries(1, 3)));
    await storage.close();
    await rm(join(directory.path, "CURRENT"));
    await expect(LevelLogStorage.open(directory.path)).rejects.toMatchObject({ code: "LOG_DAMAGED" });
  });

  test("a directory with other contents is left alone by LevelDB and used", async () => {
    await using directory = await temporaryDirectory();
    await mkdir(join(directory.path, "log"));
    await writeFile(join(directory.path, "log", "notes.txt"), "mine");
    const storage = await LevelLogStorage.open(join(directory.path, "log"));
    await storage.append(batch([entry(1)]));
    await storage.close();
  });

  test("a database that holds something else is refused", async () => {
    await using directory = await temporaryDirectory();
    const other = new Level(directory.path);
    await other.put("a", "b");
    await other.close();
    const storage = await LevelLogStorage.open(directory.path);
    await expect(storage.load()).rejects.toMatchObject({ code: "LOG_FORMAT_UNSUPPORTED" });
    await storage.close();
  });
});

describe("calls made without waiting", () => {
  test("resolve in the order made and are all there", async () => {
    await using directory = await temporaryDirectory();
    const storage = await LevelLogStorage.open(directory.path);
    const order: number[] = [];
    const calls = entries(1, 300).map((each) =>
      storage.append(batch([each])).then(() => order.push(each.index)),
    );
    await Promise.all(calls);
    expect(order).toEqual(entries(1, 300).map((each) => each.index));
    await storage.close();
    await using reopened = await open(directory.path);
    expect((await reopened.storage.load()).entries).toHaveLength(300);
  });

  test("a load sees exactly the calls made before it", async () => {
    await using directory = await temporaryDirectory();
    await using opened = await open(directory.path);
    const before = opened.storage.append(batch(entries(1, 5)));
    const loaded = opened.storage.load();
    const after = opened.storage.append(batch([entry(6)]));
    await Promise.all([before, after]);
    expect((await loaded).entries).toHaveLength(5);
  });

  test("appends, a compaction, a rewrite and a reset mix", async () => {
    await using directory = await temporaryDirectory();
    const storage = await LevelLogStorage.open(directory.path);
    await Promise.all([
      storage.append(batch(entries(1, 50), { term: 1, votedFor: 1 })),
      storage.compact(snapshotAt(20)),
      storage.append(batch(entries(40, 45, 2), { term: 2, votedFor: 2 })),
      storage.reset(snapshotAt(30, 2)),
      storage.append(batch(entries(31, 33, 3))),
    ]);
    await storage.close();
    await using reopened = await open(directory.path);
    const { hardState, snapshot, entries: left } = await reopened.storage.load();
    expect(hardState).toEqual({ term: 2, votedFor: 2 });
    expect(snapshot).toEqual(snapshotAt(30, 2));
    expect(left.map(({ index, term }) => [index, term])).toEqual([
      [31, 3],
      [32, 3],
      [33, 3],
    ]);
  });

  test("a close waits for them and refuses later ones", async () => {
    await using directory = await temporaryDirectory();
    const storage = await LevelLogStorage.open(directory.path);
    const append = storage.append(batch([entry(1)]));
    const closed = storage.close();
    await expect(storage.append(batch([entry(2)]))).rejects.toMatchObject({ code: "STORAGE_CLOSED" });
    await append;
    await closed;
    await storage.close();
  });
});

describe("the space of entries that are no longer needed", () => {
  test.each(["compact", "reset"] as const)(
    "is given back after %s, also when a crash came between",
    async (way) => {
      await using directory = await temporaryDirectory();
      const storage = await LevelLogStorage.open(directory.path);
      await Promise.all(
        Array.from({ length: 30 }, (_, n) => storage.append(batch(entries(n * 100 + 1, n * 100 + 100)))),
      );
      for (let index = 3_001; index <= 3_600; index++) await storage.append(batch([entry(index)]));
      await storage[way](snapshotAt(3_590));
      // Closing keeps the deletion from going on, as a crash would.
      await storage.close();
      const again = await LevelLogStorage.open(directory.path);
      await again.load();
      await again.append(batch(entries(3_591, 3_592, 2)));
      for (let index = 3_593; index < 3_605; index++) await again.append(batch([entry(index, 2)]));
      await again.close();
      const raw = new Level<Uint8Array, Uint8Array>(directory.path, {
        keyEncoding: "view",
        valueEncoding: "view",
      });
      const keys = await raw.keys({ gte: FIRST_WRITE_KEY, lt: END_OF_WRITES_KEY }).all();
      await raw.close();
      // Ten entries that compaction left, each a write, the compaction or reset, and thirteen writes after it.
      expect(keys.length).toBeLessThanOrEqual(10 + 1 + 13);
      await using reopened = await open(directory.path);
      const { entries: left } = await reopened.storage.load();
      expect(left.map(({ index, term }) => [index, term])).toEqual(
        Array.from({ length: 14 }, (_, at) => [3_591 + at, 2]),
      );
    },
  );
});

async function open(
  directory: string,
): Promise<{ storage: LevelLogStorage; [Symbol.asyncDispose](): Promise<void> }> {
  const storage = await LevelLogStorage.open(directory);
  return { storage, [Symbol.asyncDispose]: () => storage.close() };
}
