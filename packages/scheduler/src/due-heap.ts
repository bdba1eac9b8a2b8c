import type { DueItem } from "@coxswain/state-machine";

/** A key of the time index in memory. */
export interface NearDue {
  readonly key: string;
  readonly item: DueItem;
  /** When to propose it: its instant, or later after a failure. */
  readyAtMs: number;
  failures: number;
}

/** Names a due item; a repeated reading of one key gives one name. */
export function dueKey(item: DueItem): string {
  switch (item.kind) {
    case "fire":
      return `f/${item.atMs}/${item.jobId}/${item.incarnation}/${item.version}`;
    case "retry":
      return `r/${item.atMs}/${item.executionId}`;
    case "deadline":
      return `d/${item.atMs}/${item.executionId}/${item.attempt}`;
  }
}

/** A binary heap: the earliest `readyAtMs` on top. */
export class DueHeap {
  readonly #entries: NearDue[] = [];

  get size(): number {
    return this.#entries.length;
  }

  peek(): NearDue | undefined {
    return this.#entries[0];
  }

  push(entry: NearDue): void {
    const entries = this.#entries;
    let index = entries.push(entry) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = entries[parent];
      if (above === undefined || above.readyAtMs <= entry.readyAtMs) break;
      entries[index] = above;
      index = parent;
    }
    entries[index] = entry;
  }

  pop(): NearDue | undefined {
    const top = this.#entries[0];
    const last = this.#entries.pop();
    if (top === undefined || last === undefined || last === top) return top;
    this.#sink(last);
    return top;
  }

  #sink(entry: NearDue): void {
    const entries = this.#entries;
    let index = 0;
    for (;;) {
      const left = 2 * index + 1;
      const right = left + 1;
      const child = (entries[right]?.readyAtMs ?? Number.POSITIVE_INFINITY) < (entries[left]?.readyAtMs ?? 0) ? right : left;
      const below = entries[child];
      if (below === undefined || below.readyAtMs >= entry.readyAtMs) break;
      entries[index] = below;
      index = child;
    }
    entries[index] = entry;
  }
}
