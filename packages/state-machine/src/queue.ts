/**
 * The first waiting executions in memory, sorted; the rest stays on disk (G22).
 */
import type { QueuedExecution } from "./queries/types.ts";

export class QueueHead {
  /** Executions it holds at most. */
  readonly limit: number;
  /** Sorted. */
  #keys: string[] = [];
  readonly #byKey = new Map<string, QueuedExecution>();
  /** Whether nothing waits that is not in here. */
  #complete = true;

  constructor(limit: number) {
    this.limit = limit;
  }

  get size(): number {
    return this.#keys.length;
  }

  get complete(): boolean {
    return this.#complete;
  }

  /** The last key in here; undefined when empty. */
  lastKey(): string | undefined {
    return this.#keys.at(-1);
  }

  first(count: number): QueuedExecution[] {
    const first: QueuedExecution[] = [];
    for (const key of this.#keys.slice(0, count)) {
      const queued = this.#byKey.get(key);
      if (queued !== undefined) first.push(queued);
    }
    return first;
  }

  add(key: string, queued: QueuedExecution): void {
    const last = this.lastKey();
    if (!this.#complete && (last === undefined || key > last)) return;
    if (last === undefined || key > last) this.#keys.push(key);
    else this.#keys.splice(this.#place(key), 0, key);
    this.#byKey.set(key, queued);
    if (this.#keys.length > this.limit) this.#dropLast();
  }

  remove(key: string): void {
    if (!this.#byKey.delete(key)) return;
    this.#keys.splice(this.#place(key), 1);
  }

  /** Appends what was read from disk after {@link lastKey}. `complete`: nothing follows it. */
  extend(read: readonly (readonly [string, QueuedExecution])[], complete: boolean): void {
    this.#complete = true;
    for (const [key, queued] of read) this.add(key, queued);
    this.#complete = complete && this.#complete;
  }

  #dropLast(): void {
    const dropped = this.#keys.pop();
    if (dropped !== undefined) this.#byKey.delete(dropped);
    this.#complete = false;
  }

  /** The first position whose key is not below `key`. */
  #place(key: string): number {
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#keys[middle] ?? "") < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
