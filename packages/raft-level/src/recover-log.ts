/**
 * Brings a log into the state that writes may follow: read and checked, or founded if it is new.
 */
import type { Database } from "./database.ts";
import { LogDamagedError, RaftLevelError } from "./errors.ts";
import { fieldOf } from "./foreign-error.ts";
import { GroupWrite } from "./group-write.ts";
import type { LogState } from "./log-state.ts";
import { emptyLogState } from "./log-state.ts";
import type { MarkerWindow } from "./marker-window.ts";
import type { RecoveredLog } from "./read-log.ts";
import { readLog } from "./read-log.ts";

export interface Recovery {
  readonly state: LogState;
  /** What was read; absent for a new log. */
  readonly log?: RecoveredLog;
}

/** Reads and checks the log, or founds an empty one. `window` takes up its markers. */
export async function recoverLog(
  database: Database,
  directory: string,
  window: MarkerWindow,
): Promise<Recovery> {
  const log = await readCheckedLog(database, directory);
  if (log) {
    window.restore(log.markers);
    return { state: log.state, log };
  }
  const write = new GroupWrite(database, emptyLogState());
  write.found();
  return { state: await write.commit(window) };
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
