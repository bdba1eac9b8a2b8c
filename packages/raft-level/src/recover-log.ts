/**
 * Brings a log into the state that writes may follow: read and checked, or founded if it is new.
 */
import type { Database } from "./database.ts";
import { LogDamagedError, RaftLevelError } from "./errors.ts";
import { fieldOf } from "./foreign-error.ts";
import { GroupWrite } from "./group-write.ts";
import { LiveWrites } from "./live-writes.ts";
import type { LogState } from "./log-state.ts";
import { emptyLogState } from "./log-state.ts";
import type { RecoveredLog } from "./read-log.ts";
import { readLog } from "./read-log.ts";

export interface Recovery {
  readonly state: LogState;
  readonly live: LiveWrites;
  /** What was read; absent for a new log. */
  readonly log?: RecoveredLog;
}

/** Reads and checks the log, or founds an empty one. */
export async function recoverLog(database: Database, directory: string): Promise<Recovery> {
  const log = await readCheckedLog(database, directory);
  if (log) return { state: log.state, live: log.live, log };
  const live = new LiveWrites();
  const write = new GroupWrite(emptyLogState());
  write.found();
  return { state: await write.commit(database, live), live };
}

/** As `readLog`; whatever LevelDB cannot read is damage too. */
export async function readCheckedLog(
  database: Database,
  directory: string,
): Promise<RecoveredLog | undefined> {
  try {
    return await readLog(database, directory);
  } catch (error) {
    if (error instanceof RaftLevelError) throw error;
    const why = String(fieldOf(error, "message") ?? error);
    throw new LogDamagedError(directory, `LevelDB cannot read it (${why})`, { cause: error });
  }
}
