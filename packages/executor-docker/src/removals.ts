import { setTimeout as delay } from "node:timers/promises";
import type { Engine } from "./engine.ts";

const TRIES = 5;
const FIRST_PAUSE_MS = 100;

/**
 * Removes containers that have ended, beside everything else: their results need not wait. What
 * cannot be removed, because the engine is gone, goes with the next `reap`.
 */
export class Removals {
  readonly #engine: Engine;
  readonly #pending = new Map<string, Promise<void>>();
  #closing = false;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  add(name: string, id: string): void {
    const removal = this.#remove(id).finally(() => {
      if (this.#pending.get(name) === removal) this.#pending.delete(name);
    });
    this.#pending.set(name, removal);
  }

  /** Resolves when the container of this name is gone. */
  async settled(name: string): Promise<void> {
    await this.#pending.get(name);
  }

  /** Tries nothing a second time from now on, and resolves when all are gone, or given up. */
  async close(): Promise<void> {
    this.#closing = true;
    await Promise.all(this.#pending.values());
  }

  async #remove(id: string): Promise<void> {
    let pauseMs = FIRST_PAUSE_MS;
    for (let tries = 1; tries <= TRIES; tries += 1) {
      try {
        return await this.#engine.remove(id);
      } catch {
        if (this.#closing) return;
        await delay(pauseMs);
        pauseMs *= 2;
      }
    }
  }
}
