/**
 * A database that queries use while a restore may replace it: it closes when the last user is done.
 */
import type { StateDatabase } from "./state-directory.ts";

export class DatabaseHandle {
  readonly name: string;
  readonly db: StateDatabase;
  #users = 0;
  #idle: (() => void) | undefined;

  constructor(name: string, db: StateDatabase) {
    this.name = name;
    this.db = db;
  }

  /** Runs a query; the database stays open until it is done. */
  async use<T>(query: (db: StateDatabase) => Promise<T>): Promise<T> {
    const release = this.retain();
    try {
      return await query(this.db);
    } finally {
      release();
    }
  }

  /** Keeps the database open until the function given back is called. Calling it twice does no harm. */
  retain(): () => void {
    this.#users += 1;
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#users = Math.max(0, this.#users - 1);
      if (this.#users === 0) this.#idle?.();
    };
  }

  /** Lets {@link close} go on although someone still reads; their reads fail. */
  abandon(): void {
    this.#users = 0;
    this.#idle?.();
  }

  /** Closes the database once nobody uses it. No new user may come. */
  async close(): Promise<void> {
    if (this.#users > 0) {
      await new Promise<void>((resolve) => {
        this.#idle = resolve;
      });
    }
    await this.db.close();
  }
}
