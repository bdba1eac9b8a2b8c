import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { openDataDirectory } from "../src/data-directory.ts";

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "data-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

test("what is missing is made, for this user's eyes only, and found again", async () => {
  const { root, processes } = await openDataDirectory(join(directory, "a", "b"));
  expect(statSync(root).mode & 0o777).toBe(0o700);
  expect(statSync(processes).isDirectory()).toBe(true);
  await openDataDirectory(root);
});

test("a path through a file is refused", async () => {
  writeFileSync(join(directory, "file"), "");
  await expect(openDataDirectory(join(directory, "file", "data"))).rejects.toMatchObject({ code: "DATA_DIRECTORY_UNUSABLE" });
});

test("a file system that takes no directories is refused, and does not keep the node busy for ever", async () => {
  await expect(openDataDirectory("/proc/coxswain")).rejects.toMatchObject({ code: "DATA_DIRECTORY_UNUSABLE" });
});
