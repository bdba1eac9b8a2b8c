/**
 * Databases that a restore replaced. Each closes when its last reader is done, and is then removed.
 */
import type { DatabaseHandle } from "./database-handle.ts";
import type { StateDirectory } from "./state-directory.ts";

export class RetiredStates {
  readonly #directory: StateDirectory;
  readonly #leaving = new Map<DatabaseHandle, Promise<void>>();
  /** Told at close: what could not be removed is removed by the next open. */
  #failure: unknown;

  constructor(directory: StateDirectory) {
    this.#directory = directory;
  }

  add(handle: DatabaseHandle): void {
    this.#leaving.set(handle, this.#remove(handle));
  }

  /** Does not wait for readers. Throws when something could not be removed. */
  async close(): Promise<void> {
    for (const handle of this.#leaving.keys()) handle.abandon();
    await Promise.all(this.#leaving.values());
    if (this.#failure !== undefined) throw this.#failure;
  }

  async #remove(handle: DatabaseHandle): Promise<void> {
    try {
      await handle.close();
      await this.#directory.destroy(handle.name);
    } catch (error) {
      this.#failure ??= error;
    } finally {
      this.#leaving.delete(handle);
    }
  }
}
