interface Wait<Key> {
  readonly key: Key;
  readonly resolve: (pids: readonly number[]) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * One scan of the process table serves everyone who asks while the one before is under way: so
 * its cost is shared when many attempts end together.
 */
export class SharedScan<Key> {
  readonly #scan: (keys: ReadonlySet<Key>) => Promise<ReadonlyMap<Key, readonly number[]>>;
  #waiting: Wait<Key>[] = [];
  #scanning = false;

  /** @param scan finds the pids for each key in one pass; a key without any may be left out */
  constructor(scan: (keys: ReadonlySet<Key>) => Promise<ReadonlyMap<Key, readonly number[]>>) {
    this.#scan = scan;
  }

  find(key: Key): Promise<readonly number[]> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ key, resolve, reject });
      if (!this.#scanning) void this.#serve();
    });
  }

  async #serve(): Promise<void> {
    this.#scanning = true;
    while (this.#waiting.length > 0) {
      const waits = this.#waiting;
      this.#waiting = [];
      try {
        const found = await this.#scan(new Set(waits.map(({ key }) => key)));
        for (const { key, resolve } of waits) resolve(found.get(key) ?? []);
      } catch (error) {
        for (const { reject } of waits) reject(error);
      }
    }
    this.#scanning = false;
  }
}
