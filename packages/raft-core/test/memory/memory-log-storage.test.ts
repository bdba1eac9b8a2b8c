import { expect, test } from "@jest/globals";
import { logStorageSuite } from "@coxswain/raft-core/suite";
import { MemoryLogStorage } from "../../src/index.ts";
import { gate } from "../node/cluster.ts";

logStorageSuite({ test }, "MemoryLogStorage", () => {
  let storage = new MemoryLogStorage();
  return Promise.resolve({
    open: () => {
      storage = storage.crash();
      return Promise.resolve(storage);
    },
  });
});

const entries = (...indexes: number[]) =>
  indexes.map((index) => ({ index, term: 1, type: "normal" as const, data: new Uint8Array(1) }));

test("a crash loses what was written and not synced", async () => {
  const disk = gate();
  const storage = new MemoryLogStorage({ sync: () => disk.opened });
  void storage.append({ id: 1, entries: entries(1) }).catch(() => undefined);
  expect(storage.unsyncedChanges).toBe(1);
  expect((await storage.crash().load()).entries).toEqual([]);
});

test("a crash may keep the first of what was on its way", async () => {
  const storage = new MemoryLogStorage({ sync: () => gate().opened });
  void storage.append({ id: 1, entries: entries(1) });
  void storage.append({ id: 2, entries: entries(2) });
  expect((await storage.crash({ keepUnsynced: 1 }).load()).entries).toEqual(entries(1));
});

test("a change under way during a crash is never reported durable", async () => {
  const disk = gate();
  const storage = new MemoryLogStorage({ sync: () => disk.opened });
  const append = storage.append({ id: 1, entries: entries(1) });
  storage.crash();
  disk.open();
  await expect(append).rejects.toThrow("lost its power");
});

test("a failed sync fails its own change, and a gap behind it is refused", async () => {
  let failures = 1;
  const storage = new MemoryLogStorage({
    sync: () => (failures-- > 0 ? Promise.reject(new Error("EIO")) : Promise.resolve()),
  });
  const [first, second] = await Promise.allSettled([
    storage.append({ id: 1, entries: entries(1) }),
    storage.append({ id: 2, entries: entries(2) }),
  ]);
  expect(first).toMatchObject({ status: "rejected", reason: { message: "EIO" } });
  expect(second).toMatchObject({ status: "rejected", reason: { message: expect.stringContaining("gap") } });
});
