import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { Level } from "level";
import { JobStore, type StateDatabase, type StateDirectory } from "../src/index.ts";
import { MARKER_PREFIX } from "../src/keys.ts";
import { dump } from "./support/dump.ts";
import { Harness } from "./support/harness.ts";
import { Story } from "./support/random-commands.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "coxswain-store-"));
});
afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

/** LevelDB with a small write buffer, so that its log is replaced often. The pointer is in memory. */
function levelDirectory(): StateDirectory {
  let current: string | undefined;
  return {
    open: async (name) => {
      const db = new Level<string, Uint8Array>(join(root, name), {
        keyEncoding: "utf8",
        valueEncoding: "view",
        writeBufferSize: 64 * 1024,
      });
      await db.open();
      return db as unknown as StateDatabase;
    },
    current: () => Promise.resolve(current),
    switchTo: (name) => {
      current = name;
      return Promise.resolve();
    },
    destroy: (name) => rm(join(root, name), { recursive: true, force: true }),
    list: () => readdir(root),
  };
}

/** As {@link dump}, of a store that is closed. */
async function dumpClosed(directory: StateDirectory): Promise<string[]> {
  const db = await directory.open((await directory.current()) ?? "");
  const lines: string[] = [];
  for await (const [key, value] of db.iterator()) {
    if (!key.startsWith(MARKER_PREFIX))
      lines.push(`${JSON.stringify(key)} ${Buffer.from(value).toString("hex")}`);
  }
  await db.close();
  return lines;
}

test("LevelDB and memory hold the same after the same story, through restarts and a restore", async () => {
  const memory = await Harness.open();
  const story = new Story(memory, 2_026);
  for (let i = 0; i < 250; i++) await story.step();
  const expected = await dump(memory.store, memory.directory);

  const directory = levelDirectory();
  for (let at = 0; at < memory.entries.length; at += 50) {
    const store = await JobStore.open({ directory, cacheBytes: 10_000 });
    expect(store.appliedIndex()).toBe(at);
    await store.apply(memory.entries.slice(at, at + 50));
    await store.close();
  }
  expect(await dumpClosed(directory)).toEqual(expected);

  const source = await memory.store.snapshot();
  const store = await JobStore.open({ directory });
  await store.restore(source.meta, source.chunks);
  await store.close();
  expect(await dumpClosed(directory)).toEqual(expected);
  expect(await readdir(root)).toEqual([await directory.current()]);
});
