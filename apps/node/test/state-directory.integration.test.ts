import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import {
  COMMAND_VERSION,
  encodeCommand,
  JobStore,
  StateHoleError,
  type CommandBody,
} from "@coxswain/state-machine";
import { LevelStateDirectory } from "../src/state-directory.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "coxswain-state-"));
});
afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

function entry(index: number): { index: number; term: number; type: "normal"; data: Uint8Array } {
  const body: CommandBody = { $case: "setNodeDraining", value: { nodeId: index, draining: true } };
  return {
    index,
    term: 1,
    type: "normal",
    data: encodeCommand({ version: COMMAND_VERSION, timeMs: index, requestId: "", body }),
  };
}

describe("LevelStateDirectory", () => {
  test("an empty directory has no current state", async () => {
    const directory = await LevelStateDirectory.open(root);
    expect(await directory.current()).toBeUndefined();
    expect(await directory.list()).toEqual([]);
  });

  test("the pointer survives and is replaced whole", async () => {
    const directory = await LevelStateDirectory.open(root);
    await directory.switchTo("state-5");
    await directory.switchTo("state-9");
    expect(await (await LevelStateDirectory.open(root)).current()).toBe("state-9");
    expect(await readdir(root)).toEqual(["CURRENT_STATE"]);
    expect(await readFile(join(root, "CURRENT_STATE"), "utf8")).toBe("state-9\n");
  });

  test("a pointer that names no state is refused, and says what to do", async () => {
    await writeFile(join(root, "CURRENT_STATE"), "../../etc\n");
    await expect((await LevelStateDirectory.open(root)).current()).rejects.toThrow(
      /made anew from the log/,
    );
  });

  test("names that leave the directory are refused", async () => {
    const directory = await LevelStateDirectory.open(root);
    await expect(directory.open("../elsewhere")).rejects.toThrow(RangeError);
    await expect(directory.destroy("..")).rejects.toThrow(RangeError);
  });

  test("a store opens where it was closed, and a restore switches and removes the old state", async () => {
    const directory = await LevelStateDirectory.open(root);
    const source = await JobStore.open({ directory });
    await source.apply([entry(1), entry(2), entry(3)]);
    await source.flush();
    const snapshot = await source.snapshot();
    await mkdir(join(root, "other"));
    const target = await JobStore.open({ directory: await LevelStateDirectory.open(join(root, "other")) });
    await target.restore(snapshot.meta, snapshot.chunks);
    await snapshot.close();
    await target.close();
    expect((await readdir(join(root, "other"))).sort()).toEqual(["CURRENT_STATE", "state-3"]);
    await source.close();
    const again = await JobStore.open({ directory });
    expect(again.appliedIndex()).toBe(3);
    await again.close();
  });

  test("a database that an interrupted restore left is removed at the next open", async () => {
    const directory = await LevelStateDirectory.open(root);
    await (await JobStore.open({ directory })).close();
    await (await directory.open("state-77")).close();
    await (await JobStore.open({ directory })).close();
    expect(await directory.list()).toEqual(["state-0"]);
  });

  test("a state that lost a write in the middle is refused (G17)", async () => {
    const directory = await LevelStateDirectory.open(root);
    const store = await JobStore.open({ directory });
    for (const index of [1, 2, 3]) {
      await store.apply([entry(index)]);
      await store.flush();
    }
    await store.close();
    const db = await directory.open("state-0");
    await db.del("batch/0000000000000002");
    await db.close();
    await expect(JobStore.open({ directory })).rejects.toThrow(StateHoleError);
  });
});
