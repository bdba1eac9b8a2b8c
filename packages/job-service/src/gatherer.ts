/**
 * Gathers what is to go the same way into batches.
 *
 * What comes while nothing is under way goes as soon as the turn of the event loop ends; what comes while calls are
 * under way goes together when one of them is answered. So one alone waits for nobody, and under load batches grow
 * by themselves. Without it, one call between nodes for each job is the bottleneck of a follower.
 */

/** What one caller of `add` brings, and gets back for it. */
interface Part<Item, Result> {
  readonly items: readonly Item[];
  readonly resolve: (results: readonly Result[]) => void;
  readonly reject: (error: unknown) => void;
}

interface Batch<Item, Result, Context> {
  readonly context: Context;
  readonly parts: Part<Item, Result>[];
  count: number;
  bytes: number;
}

/** What goes the same way; forgotten as soon as nothing does. */
interface Group<Item, Result, Context> {
  readonly waiting: Batch<Item, Result, Context>[];
  underWay: number;
}

export interface GathererOptions<Item, Result, Context> {
  /** One result for each item, in order. `context` is that of whoever came first in the batch. */
  readonly send: (items: readonly Item[], context: Context) => Promise<readonly Result[]>;
  readonly maxItems: number;
  readonly maxBytes: number;
  /** Batches of one group at a time. */
  readonly maxUnderWay: number;
}

export class Gatherer<Item, Result, Context> {
  readonly #options: GathererOptions<Item, Result, Context>;
  readonly #groups = new Map<string, Group<Item, Result, Context>>();

  constructor(options: GathererOptions<Item, Result, Context>) {
    this.#options = options;
  }

  /** Groups that have something waiting or under way. */
  get groups(): number {
    return this.#groups.size;
  }

  /**
   * The results of these items, in order; rejects with whatever their batch rejects with.
   *
   * @param name only what has the same group shares a batch
   */
  add(name: string, items: readonly Item[], bytes: number, context: Context): Promise<readonly Result[]> {
    const batch = this.#batchFor(name, items.length, bytes, context);
    batch.count += items.length;
    batch.bytes += bytes;
    return new Promise((resolve, reject) => {
      batch.parts.push({ items, resolve, reject });
    });
  }

  #batchFor(name: string, count: number, bytes: number, context: Context): Batch<Item, Result, Context> {
    const { maxItems, maxBytes } = this.#options;
    const group = this.#group(name);
    const open = group.waiting.at(-1);
    if (open !== undefined && open.count + count <= maxItems && open.bytes + bytes <= maxBytes) return open;
    const batch = { context, parts: [], count: 0, bytes: 0 };
    group.waiting.push(batch);
    setImmediate(() => {
      this.#sendNext(name, group);
    });
    return batch;
  }

  #group(name: string): Group<Item, Result, Context> {
    const known = this.#groups.get(name);
    if (known !== undefined) return known;
    const group = { waiting: [], underWay: 0 };
    this.#groups.set(name, group);
    return group;
  }

  #sendNext(name: string, group: Group<Item, Result, Context>): void {
    if (group.underWay >= this.#options.maxUnderWay) return;
    const batch = group.waiting.shift();
    if (batch === undefined) {
      if (group.underWay === 0) this.#groups.delete(name);
      return;
    }
    group.underWay++;
    void this.#send(batch).then(() => {
      group.underWay--;
      this.#sendNext(name, group);
    });
  }

  /** Never rejects: whatever comes of it is told to the parts. */
  async #send({ parts, context }: Batch<Item, Result, Context>): Promise<void> {
    try {
      const results = await this.#options.send(
        parts.flatMap(({ items }) => items),
        context,
      );
      let from = 0;
      for (const { items, resolve } of parts) {
        resolve(results.slice(from, from + items.length));
        from += items.length;
      }
    } catch (error) {
      for (const { reject } of parts) reject(error);
    }
  }
}
