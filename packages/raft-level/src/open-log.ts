/**
 * Opens LevelDB in a directory that was looked through before.
 */
import type { Database } from "./database.ts";
import { openLevel, refuseIfLocked } from "./database.ts";
import type { TornWrite } from "./directory.ts";
import { prepareDirectory } from "./directory.ts";
import { RaftLevelError, StorageFailedError } from "./errors.ts";

export interface OpenedLog {
  readonly database: Database;
  readonly torn?: TornWrite;
}

export async function openLog(directory: string, mustExist: boolean): Promise<OpenedLog> {
  try {
    const torn = await prepareAlone(directory, mustExist);
    const database = await openLevel(directory);
    return { database, ...(torn && { torn }) };
  } catch (error) {
    throw error instanceof RaftLevelError ? error : new StorageFailedError(directory, error);
  }
}

/** A process that has the log open changes its files while they are read here: that is no damage. */
async function prepareAlone(directory: string, mustExist: boolean): Promise<TornWrite | undefined> {
  try {
    return await prepareDirectory(directory, mustExist);
  } catch {
    await refuseIfLocked(directory);
    return prepareDirectory(directory, mustExist);
  }
}
