/**
 * The twin in memory of a directory on disk, for tests and examples. It outlives the stores
 * opened on it, as a disk does.
 */
import { MemoryLevel } from "memory-level";
import type { StateDatabase, StateDirectory } from "./state-directory.ts";

export class MemoryStateDirectory implements StateDirectory {
  readonly #databases = new Map<string, MemoryLevel<string, Uint8Array>>();
  #current: string | undefined;

  async open(name: string): Promise<StateDatabase> {
    const known = this.#databases.get(name);
    const db =
      known ??
      new MemoryLevel<string, Uint8Array>({
        keyEncoding: "utf8",
        valueEncoding: "view",
        storeEncoding: "view",
      });
    this.#databases.set(name, db);
    await db.open();
    return db as unknown as StateDatabase;
  }

  current(): Promise<string | undefined> {
    return Promise.resolve(this.#current);
  }

  switchTo(name: string): Promise<void> {
    this.#current = name;
    return Promise.resolve();
  }

  destroy(name: string): Promise<void> {
    this.#databases.delete(name);
    return Promise.resolve();
  }

  list(): Promise<string[]> {
    return Promise.resolve([...this.#databases.keys()]);
  }
}
