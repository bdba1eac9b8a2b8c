import { describe, expect, test } from "@jest/globals";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Identity } from "@coxswain/raft-core";
import { FileIdentityStore } from "../src/index.ts";
import { temporaryDirectory } from "./workplace.ts";

const founded: Identity = {
  nodeUuid: "uuid-1",
  starts: 3,
  clusterId: "cluster-1",
  members: [{ id: 1, uuid: "uuid-1", address: "127.0.0.1:50051" }],
};

test("a new directory has no identity", async () => {
  await using directory = await temporaryDirectory();
  await expect(new FileIdentityStore(directory.path).load()).resolves.toBeUndefined();
});

test("what was saved last is loaded, by the next process too", async () => {
  await using directory = await temporaryDirectory();
  const store = new FileIdentityStore(join(directory.path, "new", "node"));
  await store.save({ nodeUuid: "uuid-1", starts: 2 });
  await store.save(founded);
  expect(store.saved).toEqual(founded);
  const again = new FileIdentityStore(join(directory.path, "new", "node"));
  expect(again.saved).toBeUndefined();
  expect(await again.load()).toEqual(founded);
  expect(await readdir(join(directory.path, "new", "node"))).toEqual(["identity.json"]);
});

test("what a crash left of a save is not taken for an identity", async () => {
  await using directory = await temporaryDirectory();
  const store = new FileIdentityStore(directory.path);
  await store.save(founded);
  await writeFile(`${store.file}.new`, '{"format":1,');
  expect(await store.load()).toEqual(founded);
  await store.save({ ...founded, starts: 4 });
  expect(await new FileIdentityStore(directory.path).load()).toMatchObject({ starts: 4 });
});

test("a save that fails leaves the old identity and says why", async () => {
  await using directory = await temporaryDirectory();
  const store = new FileIdentityStore(join(directory.path, "file"));
  await writeFile(join(directory.path, "file"), "in the way");
  await expect(store.save(founded)).rejects.toThrow();
  expect(store.saved).toBeUndefined();
});

describe("a damaged file is refused with its name and the way back", () => {
  test.each<[string, (text: string) => string]>([
    ["empty", () => ""],
    ["cut short", (text) => text.slice(0, -10)],
    ["a list", () => "[]"],
    ["of another format", (text) => text.replace('"format": 1', '"format": 2')],
    ["with another uuid", (text) => text.replaceAll("uuid-1", "uuid-2")],
    ["without an identity", (text) => text.replace('"identity"', '"other"')],
    ["without a checksum", (text) => text.replace("crc32", "crc")],
  ])("%s", async (_what, change) => {
    await using directory = await temporaryDirectory();
    const store = new FileIdentityStore(directory.path);
    await store.save(founded);
    await writeFile(store.file, change(await readFile(store.file, "utf8")));
    await expect(store.load()).rejects.toMatchObject({
      code: "IDENTITY_DAMAGED",
      category: "internal",
      message: expect.stringContaining(store.file),
    });
  });

  test("with fields of the wrong type", async () => {
    await using directory = await temporaryDirectory();
    const store = new FileIdentityStore(directory.path);
    await store.save({ ...founded, starts: 1.5 });
    await expect(store.load()).rejects.toMatchObject({ code: "IDENTITY_DAMAGED" });
  });
});
