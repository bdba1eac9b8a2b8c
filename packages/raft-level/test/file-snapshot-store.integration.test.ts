import { describe, expect, test } from "@jest/globals";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { snapshotStoreSuite } from "@coxswain/raft-core/suite";
import { FileSnapshotStore } from "../src/index.ts";
import { snapshotAt, temporaryDirectory } from "./workplace.ts";

snapshotStoreSuite({ test }, "FileSnapshotStore", async () => {
  const directory = await temporaryDirectory();
  return {
    open: () => Promise.resolve(new FileSnapshotStore(directory.path)),
    dispose: () => directory[Symbol.asyncDispose](),
  };
});

const snapshot = { meta: snapshotAt(7, 2), bytes: Buffer.from("first line\nsecond line\n") };

test("what a crash left of a save is not taken for a state", async () => {
  await using directory = await temporaryDirectory();
  const store = new FileSnapshotStore(directory.path);
  await store.save(snapshot);
  await writeFile(`${store.file}.new`, '{"format":1,');
  expect(await store.load()).toMatchObject({ meta: snapshot.meta });
  await store.save({ ...snapshot, meta: snapshotAt(8, 2) });
  expect(await store.load()).toMatchObject({ meta: { index: 8 } });
  expect(await readdir(directory.path)).toEqual(["state.snapshot"]);
});

describe("a damaged file is refused with its name and the way back", () => {
  test.each<[string, (content: string) => string]>([
    ["empty", () => ""],
    ["without a line", (content) => content.replaceAll("\n", "")],
    ["cut short", (content) => content.slice(0, -1)],
    ["longer than it was", (content) => `${content}!`],
    ["a list", (content) => `[]\n${content}`],
    ["null", (content) => `null\n${content}`],
    ["of another format", (content) => content.replace('"format":1', '"format":2')],
    ["of another index", (content) => content.replace('"index":7', '"index":6')],
    ["without its point in the log", (content) => content.replace('"meta"', '"data"')],
    ["with a flipped bit", (content) => content.replace("second", "recond")],
  ])("%s", async (_what, change) => {
    await using directory = await temporaryDirectory();
    const store = new FileSnapshotStore(directory.path);
    await store.save(snapshot);
    await writeFile(store.file, change(await readFile(store.file, "utf8")));
    await expect(store.load()).rejects.toMatchObject({
      code: "SNAPSHOT_FILE_DAMAGED",
      category: "internal",
      message: expect.stringContaining(store.file),
    });
  });
});
