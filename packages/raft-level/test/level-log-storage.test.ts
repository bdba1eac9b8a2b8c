import { describe, expect, test } from "@jest/globals";
import { LevelLogStorage, StorageFailedError } from "../src/index.ts";
import { SortedDatabase } from "./sorted-database.ts";
import { batch, entries, entry, snapshotAt } from "./workplace.ts";

async function onMemory(): Promise<{ storage: LevelLogStorage; database: SortedDatabase }> {
  const database = new SortedDatabase();
  const storage = await LevelLogStorage.open("/data/log", { openDatabase: () => Promise.resolve(database) });
  await storage.load();
  return { storage, database };
}

test("an open that cannot read what is there lets go of the directory", async () => {
  const database = new SortedDatabase();
  const cause = new Error("input/output error");
  database.get = () => Promise.reject(cause);
  const opening = LevelLogStorage.open("/data/log", {
    mustBeNew: true,
    openDatabase: () => Promise.resolve(database),
  });
  await expect(opening).rejects.toMatchObject({ code: "STORAGE_FAILED", cause });
  expect(database.closed).toBe(1);
});

describe("a failed write", () => {
  test("is the last: it, the calls behind it and all later ones reject with its cause", async () => {
    const { storage, database } = await onMemory();
    await storage.append(batch([entry(1)]));
    const cause = new Error("no space left on device");
    database.beforeWrite = () => Promise.reject(cause);
    const calls = [
      storage.append(batch([entry(2)])),
      storage.append(batch([entry(3)])),
      storage.compact(snapshotAt(1)),
      storage.load(),
    ];
    for (const outcome of await Promise.allSettled(calls)) {
      expect(outcome).toMatchObject({
        status: "rejected",
        reason: { code: "STORAGE_FAILED", category: "internal", cause },
      });
    }
    database.beforeWrite = () => Promise.resolve();
    const writes = database.writes;
    for (const late of [storage.append(batch([entry(2)])), storage.reset(snapshotAt(9)), storage.load()]) {
      await expect(late).rejects.toBeInstanceOf(StorageFailedError);
    }
    expect(database.writes).toBe(writes);
    await storage.close();
    expect(database.closed).toBe(1);
  });

  test("does not reject what was durable before it", async () => {
    const { storage, database } = await onMemory();
    const first = storage.append(batch([entry(1)]));
    await first;
    database.beforeWrite = () => Promise.reject(new Error("EIO"));
    await expect(storage.append(batch([entry(2)]))).rejects.toThrow("EIO");
    await expect(first).resolves.toBeUndefined();
  });
});

describe("group commit", () => {
  test("appends that wait while a write is under way share one write", async () => {
    const { storage, database } = await onMemory();
    let release: () => void = () => {};
    const started = new Promise<void>((resolve) => {
      database.beforeWrite = () => {
        resolve();
        database.beforeWrite = () => Promise.resolve();
        return new Promise((free) => (release = free));
      };
    });
    const before = database.writes;
    const first = storage.append(batch([entry(1)]));
    await started;
    const order: number[] = [];
    const rest = entries(2, 100).map((each) =>
      storage.append(batch([each])).then(() => order.push(each.index)),
    );
    expect(order).toEqual([]);
    release();
    await Promise.all([first, ...rest]);
    expect(database.writes - before).toBe(2);
    expect(order).toEqual(entries(2, 100).map((each) => each.index));
  });

  test("a write takes no more than 1,024 entries of waiting calls", async () => {
    const { storage, database } = await onMemory();
    const before = database.writes;
    await Promise.all(entries(1, 2_048).map((each) => storage.append(batch([each]))));
    expect(database.writes - before).toBe(2);
  });

  test("a write takes no more than 4 MiB of waiting calls, or one that is larger", async () => {
    const { storage, database } = await onMemory();
    const before = database.writes;
    const sizes = [1_000_000, 3_000_000, 5_000_000, 10];
    await Promise.all(sizes.map((size, at) => storage.append(batch([entry(at + 1, 1, size)]))));
    expect(database.writes - before).toBe(3);
  });

  test("a batch without entries and hard state is durable as the calls before it are", async () => {
    const { storage } = await onMemory();
    const order: string[] = [];
    await Promise.all([
      storage.append(batch([entry(1)])).then(() => order.push("first")),
      storage.append(batch([])).then(() => order.push("second")),
    ]);
    expect(order).toEqual(["first", "second"]);
  });
});

describe("a call that does not follow from the log", () => {
  test.each([
    ["a gap before the batch", batch([entry(12)])],
    ["a gap in the batch", batch([entry(11), entry(13)])],
    ["an entry twice", batch([entry(11), entry(11)])],
    ["a compacted entry", batch([entry(4)])],
  ])("%s is refused, and nothing is acknowledged after it", async (_what, wrong) => {
    const { storage } = await onMemory();
    await storage.append(batch(entries(1, 10)));
    await storage.compact(snapshotAt(5));
    await expect(storage.append(wrong)).rejects.toMatchObject({
      code: "INVALID_APPEND",
      category: "invalid",
    });
    await expect(storage.append(batch([entry(11)]))).rejects.toMatchObject({ code: "INVALID_APPEND" });
  });

  test("a compaction beyond the end is refused", async () => {
    const { storage } = await onMemory();
    await expect(storage.compact(snapshotAt(1))).rejects.toThrow("reset it");
  });
});

test("compaction deletes in bounded steps, and appends go on between them", async () => {
  const { storage, database } = await onMemory();
  for (const each of entries(1, 5_000)) await storage.append(batch([each]));
  const before = database.writes;
  await storage.compact(snapshotAt(4_999));
  await storage.append(batch([entry(5_001)]));
  const left = [...database.records.keys()].filter((key) => key.startsWith("77")).length;
  expect(left).toBeGreaterThan(3_000);
  expect(database.writes - before).toBeLessThan(5);
  await storage.close();
});
