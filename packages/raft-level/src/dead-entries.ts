/**
 * Finds, a step at a time, the entries that compaction and resets left behind.
 */
import type { Database } from "./database.ts";
import { entryKey, FIRST_ENTRY_KEY } from "./keys.ts";
import type { LogState } from "./log-state.ts";

const STEP = 512;

export class DeadEntries {
  readonly #database: Database;
  /** Everything below is deleted: starting over would walk over LevelDB's tombstones each time. */
  #cursor: Uint8Array = FIRST_ENTRY_KEY;
  /** True while entries may be left to delete. A crash may have left some. */
  #pending = true;

  constructor(database: Database) {
    this.#database = database;
  }

  get pending(): boolean {
    return this.#pending;
  }

  /** The log begins later than before. */
  more(): void {
    this.#pending = true;
  }

  /** The next keys to delete, at most {@link STEP}, all before the begin of the log. */
  async next({ start }: LogState): Promise<Uint8Array[]> {
    const keys = this.#database.keys({
      gte: this.#cursor,
      lt: entryKey(start.epoch, start.snapshot.index + 1),
    });
    try {
      const step = await keys.nextv(STEP);
      this.#pending = step.length === STEP;
      this.#cursor = step.at(-1) ?? this.#cursor;
      return step;
    } finally {
      await keys.close();
    }
  }
}
