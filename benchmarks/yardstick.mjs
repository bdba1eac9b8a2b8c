/**
 * What the disk of this machine gives, in the same run: one durable LevelDB write of 256 bytes at a time, from one process, without any network.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Level } from "level";
import { load } from "./measure.mjs";

export async function durableWrites(count) {
  const directory = await mkdtemp(join(tmpdir(), "coxswain-bench-"));
  const database = new Level(directory, { valueEncoding: "view" });
  await database.open();
  const value = new Uint8Array(256).fill(7);
  try {
    return await load(count, 1, (n) => database.put(String(n).padStart(12, "0"), value, { sync: true }));
  } finally {
    await database.close();
    await rm(directory, { recursive: true });
  }
}
