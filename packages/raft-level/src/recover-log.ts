/**
 * Brings a log into the state that writes may follow: founded if it is new, and without a
 * damaged last batch.
 */
import type { Database } from "./database.ts";
import { LogDamagedError, RaftLevelError } from "./errors.ts";
import { fieldOf } from "./foreign-error.ts";
import { GroupWrite } from "./group-write.ts";
import { END_OF_ENTRIES_KEY, entryKey } from "./keys.ts";
import type { LogState } from "./log-state.ts";
import { emptyLogState } from "./log-state.ts";
import type { MarkerWindow } from "./marker-window.ts";
import type { RecoveredLog } from "./read-log.ts";
import { readLog } from "./read-log.ts";

const READ_AT_ONCE = 1_000;

/** A last batch that was found damaged and taken away, as if it had never been written (G16). */
export interface TruncatedBatch {
  /** The log ends just before this index now. */
  readonly fromIndex: number;
  readonly toIndex: number;
}

export interface Recovery {
  readonly state: LogState;
  /** What was read; absent for a new log. */
  readonly log?: RecoveredLog;
  readonly truncated?: TruncatedBatch;
}

/** Reads, checks and, where need be, founds or truncates the log. `window` takes up its markers. */
export async function recoverLog(database: Database, directory: string, window: MarkerWindow): Promise<Recovery> {
  const log = await readCheckedLog(database, directory);
  if (!log) {
    const write = new GroupWrite(database, emptyLogState());
    write.found();
    return { state: await write.commit(window) };
  }
  window.restore(log.markers);
  if (log.damagedFrom === undefined) return { state: log.state, log };
  const state = await truncate(database, log.state, log.damagedFrom, window);
  const toIndex = log.markers.at(-1)?.lastIndex ?? log.damagedFrom;
  return { state, log, truncated: { fromIndex: log.damagedFrom, toIndex } };
}

/** As `readLog`; whatever LevelDB cannot read is damage too. */
export async function readCheckedLog(database: Database, directory: string): Promise<RecoveredLog | undefined> {
  try {
    return await readLog(database, directory);
  } catch (error) {
    if (error instanceof RaftLevelError) throw error;
    const why = String(fieldOf(error, "message") ?? error);
    throw new LogDamagedError(directory, `LevelDB cannot read it (${why})`, { cause: error });
  }
}

async function truncate(database: Database, state: LogState, fromIndex: number, window: MarkerWindow): Promise<LogState> {
  const write = new GroupWrite(database, state);
  for (const key of await keysFrom(database, entryKey(state.start.epoch, fromIndex))) write.delete(key);
  return write.commit(window);
}

async function keysFrom(database: Database, from: Uint8Array): Promise<Uint8Array[]> {
  const iterator = database.keys({ gte: from, lt: END_OF_ENTRIES_KEY });
  const keys: Uint8Array[] = [];
  try {
    for (;;) {
      const step = await iterator.nextv(READ_AT_ONCE);
      if (step.length === 0) return keys;
      keys.push(...step);
    }
  } finally {
    await iterator.close();
  }
}
