/**
 * Removes the containers of a scope that belong to no attempt any more: what was left when the engine was gone for too
 * long, when a removal did not succeed, or when a request was carried out after its answer was given up.
 */
export class Orphans {
  readonly #removeAll: () => Promise<void>;
  readonly #everyMs: number;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #closed = false;

  /** @param removeAll looks for orphans and removes them */
  constructor(removeAll: () => Promise<void>, everyMs: number) {
    this.#removeAll = removeAll;
    this.#everyMs = everyMs;
  }

  /** Looks for them at intervals from now on; again and again, so one that fails is made good by the next. */
  watch(): void {
    if (this.#closed) return;
    this.#timer ??= setInterval(() => void this.remove().catch(() => {}), this.#everyMs).unref();
  }

  /** Looks for them once, or waits for the search that is under way. */
  remove(): Promise<void> {
    this.#running ??= this.#removeAll().finally(() => (this.#running = undefined));
    return this.#running;
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    await this.#running?.catch(() => {});
  }
}
