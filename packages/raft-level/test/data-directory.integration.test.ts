import { expect, test } from "@jest/globals";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DataDirectory } from "../src/index.ts";
import { batch, entries, snapshotAt, temporaryDirectory } from "./workplace.ts";

test("every start on a disk is counted, under one uuid", async () => {
  await using place = await temporaryDirectory();
  const first = await DataDirectory.open(join(place.path, "new", "node"));
  await first.close();
  const second = await DataDirectory.open(join(place.path, "new", "node"));
  await second.close();
  expect([first.identity.starts, second.identity.starts]).toEqual([1, 2]);
  expect(second.identity.nodeUuid).toBe(first.identity.nodeUuid);
});

test("log and saved state are found again", async () => {
  await using place = await temporaryDirectory();
  const first = await DataDirectory.open(place.path);
  await first.log.load();
  await first.log.append(batch(entries(1, 3)));
  await first.snapshots.save({ meta: snapshotAt(2), bytes: new Uint8Array([1]) });
  await first.close();
  await first.close();
  const second = await DataDirectory.open(place.path);
  expect((await second.log.load()).entries).toHaveLength(3);
  expect((await second.snapshots.load())?.meta.index).toBe(2);
  await second.close();
});

test("a second process is kept out before it counts a start", async () => {
  await using place = await temporaryDirectory();
  const first = await DataDirectory.open(place.path);
  await expect(DataDirectory.open(place.path)).rejects.toMatchObject({ code: "DIRECTORY_LOCKED" });
  expect((await first.identities.load())?.starts).toBe(1);
  await first.close();
});

test("a node that belongs to a cluster is refused without its log; another may begin anew", async () => {
  await using place = await temporaryDirectory();
  const { identity, identities, log } = await DataDirectory.open(place.path);
  await log.close();
  await rm(join(place.path, "log"), { recursive: true });
  await (await DataDirectory.open(place.path)).close();
  const members = [{ id: 1, uuid: identity.nodeUuid, address: "127.0.0.1:1" }];
  await identities.save({ ...identity, clusterId: "cluster-1", members });
  await rm(join(place.path, "log"), { recursive: true });
  await expect(DataDirectory.open(place.path)).rejects.toMatchObject({ code: "LOG_MISSING" });
});

test("a log whose identity cannot be saved is closed again", async () => {
  await using place = await temporaryDirectory();
  const { identities, log } = await DataDirectory.open(place.path);
  await log.close();
  await writeFile(identities.file, "{");
  await expect(DataDirectory.open(place.path)).rejects.toMatchObject({ code: "IDENTITY_DAMAGED" });
  await rm(identities.file);
  // A directory in the way of the temporary file: the identity cannot be replaced.
  await mkdir(`${identities.file}.new`);
  await expect(DataDirectory.open(place.path)).rejects.toThrow();
  await rm(`${identities.file}.new`, { recursive: true });
  await (await DataDirectory.open(place.path)).close();
});
