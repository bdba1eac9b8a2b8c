/** Files that are gone: each ends in a refusal that names what is missing, never in an older or an empty log. */
import { describe, expect, test } from "@jest/globals";
import { mkdir, readdir, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { LevelLogStorage } from "../src/level-log-storage.ts";
import { batch, entries, entry, temporaryDirectory } from "./workplace.ts";

/** A table and a write-ahead log, each with acknowledged entries. */
async function twoLives(directory: string): Promise<void> {
  for (const from of [1, 11]) {
    const storage = await LevelLogStorage.open(directory);
    await storage.append(batch(entries(from, from + 9), { term: from, votedFor: 1 }));
    await storage.close();
  }
}

async function fileOf(directory: string, pattern: RegExp): Promise<string> {
  const name = (await readdir(directory)).find((each) => pattern.test(each));
  if (name === undefined) throw new Error(`no ${String(pattern)} in ${directory}`);
  return name;
}

describe("a log without", () => {
  test.each([
    ["its CURRENT file", /^CURRENT$/],
    ["its manifest", /^MANIFEST/],
    ["a table (.ldb)", /\.ldb$/],
    ["its write-ahead log, which LevelDB would not miss,", /\.log$/],
  ])("%s is refused, naming the file and the way back", async (_what, pattern) => {
    await using directory = await temporaryDirectory();
    await twoLives(directory.path);
    const name = await fileOf(directory.path, pattern);
    await rm(join(directory.path, name));
    const refused = LevelLogStorage.open(directory.path);
    await expect(refused).rejects.toMatchObject({ code: "LOG_DAMAGED", category: "internal" });
    await expect(refused).rejects.toThrow(`the file ${name} is missing`);
    await expect(refused).rejects.toThrow(directory.path);
    await expect(refused).rejects.toThrow(/add it again under a new id/);
  });

  test.each([
    ["a part of a table", /\.ldb$/],
    ["the end of its manifest, so that a table or a write-ahead log is not where it says,", /^MANIFEST/],
  ])("%s is refused", async (_what, pattern) => {
    await using directory = await temporaryDirectory();
    await twoLives(directory.path);
    await truncate(join(directory.path, await fileOf(directory.path, pattern)), 60);
    await expect(LevelLogStorage.open(directory.path)).rejects.toMatchObject({ code: "LOG_DAMAGED" });
  });

  test("any file at all is refused where the node has had a log, and begun where it has not", async () => {
    await using directory = await temporaryDirectory();
    await twoLives(join(directory.path, "log"));
    await rm(join(directory.path, "log"), { recursive: true });
    await expect(
      LevelLogStorage.open(join(directory.path, "log"), { mustExist: true }),
    ).rejects.toMatchObject({
      code: "LOG_MISSING",
    });
    const storage = await LevelLogStorage.open(join(directory.path, "log"), { mustBeNew: true });
    expect((await storage.load()).entries).toEqual([]);
    await storage.close();
  });

  test("the identity of its node is refused, and whole once that is back", async () => {
    await using directory = await temporaryDirectory();
    await twoLives(directory.path);
    const refused = LevelLogStorage.open(directory.path, { mustBeNew: true });
    await expect(refused).rejects.toMatchObject({ code: "IDENTITY_MISSING", category: "internal" });
    await expect(refused).rejects.toThrow(/Restore identity.json from a copy of this very node/);
    const storage = await LevelLogStorage.open(directory.path);
    expect((await storage.load()).entries).toHaveLength(20);
    await storage.close();
  });
});

test("a log that was opened but never written to is new: a crash may come before the identity is saved", async () => {
  await using directory = await temporaryDirectory();
  await (await LevelLogStorage.open(directory.path, { mustBeNew: true })).close();
  const storage = await LevelLogStorage.open(directory.path, { mustBeNew: true });
  await storage.append(batch([entry(1)]));
  await storage.close();
});

test("a log whose very first manifest a power cut took is begun anew, unless the node has had one", async () => {
  await using directory = await temporaryDirectory();
  for (const [name, content] of [
    ["CURRENT", "MANIFEST-000001\n"],
    ["MANIFEST-000001", ""],
    ["000003.log", ""],
  ] as const)
    await writeFile(join(directory.path, name), content);
  await expect(LevelLogStorage.open(directory.path, { mustExist: true })).rejects.toMatchObject({
    code: "LOG_MISSING",
  });
  const storage = await LevelLogStorage.open(directory.path);
  expect((await storage.load()).entries).toEqual([]);
  await storage.close();
});

test("a file that cannot be read is a failing disk, not a damaged log", async () => {
  await using directory = await temporaryDirectory();
  await twoLives(directory.path);
  const name = await fileOf(directory.path, /\.log$/);
  await rm(join(directory.path, name));
  await mkdir(join(directory.path, name));
  const refused = LevelLogStorage.open(directory.path);
  await expect(refused).rejects.toMatchObject({ code: "STORAGE_FAILED", cause: { code: "EISDIR" } });
  await expect(refused).rejects.toThrow(directory.path);
});

test("a log that looks damaged because another process is writing it is told to be locked", async () => {
  await using directory = await temporaryDirectory();
  await twoLives(directory.path);
  const storage = await LevelLogStorage.open(directory.path);
  await storage.load();
  // As the other process would, between the listing and the reading of the files.
  await rm(join(directory.path, await fileOf(directory.path, /\.ldb$/)));
  await expect(LevelLogStorage.open(directory.path)).rejects.toMatchObject({ code: "DIRECTORY_LOCKED" });
  await storage.close();
});
