/**
 * Everything a store has on disk, as text.
 */
import { MARKER_PREFIX } from "../../src/keys.ts";
import type { JobStore, StateDatabase, StateDirectory } from "../../src/index.ts";

/** Opens the current database beside the store. In memory both are the same object, so it stays open. */
export async function databaseOf(directory: StateDirectory): Promise<StateDatabase> {
  const name = await directory.current();
  if (name === undefined) throw new Error("The directory has no current database.");
  return await directory.open(name);
}

/** Each key with its value in hex, without markers. Only for directories in memory. */
export async function dump(store: JobStore, directory: StateDirectory): Promise<string[]> {
  await store.flush();
  const lines: string[] = [];
  for await (const [key, value] of (await databaseOf(directory)).iterator()) {
    if (!key.startsWith(MARKER_PREFIX))
      lines.push(`${JSON.stringify(key)} ${Buffer.from(value).toString("hex")}`);
  }
  return lines;
}
