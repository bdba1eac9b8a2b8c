import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { Level } from "level";
import { LevelResultStore } from "../src/level-result-store.ts";
import { reportOf } from "./fakes.ts";

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "results-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

test("results survive a restart, until they are removed", async () => {
  const open = async (): Promise<Level<string, Uint8Array>> => {
    const database = new Level<string, Uint8Array>(directory, { valueEncoding: "view" });
    await database.open();
    return database;
  };
  const first = await open();
  await new LevelResultStore(first).put([reportOf("a.1.1"), reportOf("b.1.1", 2)]);
  await first.close();

  const second = await open();
  const results = new LevelResultStore(second);
  expect(await results.all()).toEqual([reportOf("a.1.1"), reportOf("b.1.1", 2)]);
  await results.remove([reportOf("a.1.1")]);
  expect(await results.all()).toEqual([reportOf("b.1.1", 2)]);
  await second.close();
});
