/** A database in memory, whose writes a test can hold back, count and fail. */
import type { Database, DatabaseBatch, DatabaseIterator, KeyRange } from "../src/index.ts";

type Operation = readonly [key: Uint8Array, value: Uint8Array | undefined];

export class SortedDatabase implements Database {
  readonly records = new Map<string, Uint8Array>();
  writes = 0;
  closed = 0;
  /** Runs before each write; a rejection fails it. */
  beforeWrite: () => Promise<void> = () => Promise.resolve();

  get(key: Uint8Array): Promise<Uint8Array | undefined> {
    return Promise.resolve(this.records.get(hex(key)));
  }

  batch(): DatabaseBatch {
    const operations: Operation[] = [];
    return {
      put: (key, value) => operations.push([key, value]),
      del: (key) => operations.push([key, undefined]),
      write: async () => {
        this.writes += 1;
        await this.beforeWrite();
        for (const [key, value] of operations) {
          if (value) this.records.set(hex(key), value);
          else this.records.delete(hex(key));
        }
      },
    };
  }

  iterator(range: KeyRange): DatabaseIterator<[Uint8Array, Uint8Array]> {
    const found = [...this.records]
      .filter(([key]) => within(key, range))
      .sort(([a], [b]) => (a < b ? -1 : 1));
    return iterate(found.map(([key, value]) => [Buffer.from(key, "hex"), value]));
  }

  keys(range: KeyRange): DatabaseIterator<Uint8Array> {
    const found = [...this.records.keys()].filter((key) => within(key, range)).sort();
    return iterate(found.map((key) => Buffer.from(key, "hex")));
  }

  close(): Promise<void> {
    this.closed += 1;
    return Promise.resolve();
  }
}

function iterate<Item>(items: Item[]): DatabaseIterator<Item> {
  return { nextv: (count) => Promise.resolve(items.splice(0, count)), close: () => Promise.resolve() };
}

function within(key: string, { gte, gt, lt }: KeyRange): boolean {
  return (!gte || key >= hex(gte)) && (!gt || key > hex(gt)) && key < hex(lt);
}

function hex(key: Uint8Array): string {
  return Buffer.from(key).toString("hex");
}
