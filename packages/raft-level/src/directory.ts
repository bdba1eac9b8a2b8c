/**
 * What must be true of a log's directory before LevelDB, which forgives too much, may open it.
 */
import { mkdir, readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { syncDirectory } from "./durable-file.ts";
import { LogDamagedError, LogMissingError } from "./errors.ts";
import { findDamage } from "./write-ahead-log.ts";

/** Makes the directory if need be. Refuses one that holds the remains of a log. */
export async function prepareDirectory(directory: string, mustExist: boolean): Promise<void> {
  if ((await mkdir(directory, { recursive: true })) !== undefined) await syncDirectory(dirname(directory));
  const files = await readdir(directory);
  if (!files.includes("CURRENT")) {
    // Without CURRENT, LevelDB would start an empty log beside the files of the old one. A crash
    // while the very first log was made leaves no more than its first manifest.
    const remains = files.filter((file) => /\.(ldb|sst|log)$/.test(file));
    if (remains.length > 0) throw new LogDamagedError(directory, `the file CURRENT is missing beside ${remains.join(", ")}`);
    if (mustExist) throw new LogMissingError(directory);
  }
  for (const file of files.filter((name) => name.endsWith(".log"))) await checkWriteAheadLog(directory, file);
}

async function checkWriteAheadLog(directory: string, name: string): Promise<void> {
  const file = join(directory, name);
  const damage = findDamage(await readFile(file));
  if (damage !== undefined) throw new LogDamagedError(directory, `${file} has a bad record at byte ${damage}, with whole ones after it`);
}
