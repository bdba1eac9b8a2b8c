/**
 * Records of one kind during apply: an overlay of what changed above what was read.
 *
 * A record is looked for in what changed since the last write began, then in what is being
 * written, then in the cache, then in what was read for the commands at hand. A record that
 * is in none of them was not declared as read (G8): that is a bug, and it throws.
 *
 * Records are never changed in place; each change puts a new object.
 */
import { RecordCache } from "./record-cache.ts";
import type { IndexEntry } from "./records/job.ts";

/** How records of one kind are stored. */
export interface RecordKind<T> {
  key(id: string): string;
  encode(record: T): Uint8Array;
  decode(bytes: Uint8Array): T;
  /** Whether the record is likely to be needed by a command soon. Others are not worth the memory. */
  isWarm(record: T): boolean;
  /** Bytes in memory, roughly. */
  weigh(record: T): number;
  /** The index entries that follow from the record. */
  indexes?(record: T): readonly IndexEntry[];
}

/** A record as the last write left it, and as the next one is to. */
export interface Change<T> {
  readonly before: T | undefined;
  readonly after: T | undefined;
  /** `before` was not read; it has no index entries. */
  readonly blind: boolean;
}

export type Changes<T> = ReadonlyMap<string, Change<T>>;

export class RecordTable<T> {
  readonly kind: RecordKind<T>;
  #changes = new Map<string, Change<T>>();
  #flying: Changes<T> = new Map();
  readonly #read = new Map<string, T | undefined>();
  readonly #cache: RecordCache<T>;
  #keepsReads = false;
  /** What the changes weigh that no write took yet. */
  unwrittenBytes = 0;

  constructor(kind: RecordKind<T>, cacheBytes: number) {
    this.kind = kind;
    this.#cache = new RecordCache(cacheBytes, (record) => kind.weigh(record));
  }

  /** Throws when it was not read. */
  get(id: string): T | undefined {
    const found = this.peek(id);
    if (found !== undefined) return found.record;
    throw new Error(`The record "${id}" was not declared as read.`);
  }

  /** The record wrapped, or undefined when memory does not know whether there is one. */
  peek(id: string): { readonly record: T | undefined } | undefined {
    const change = this.#changes.get(id) ?? this.#flying.get(id);
    if (change !== undefined) return { record: change.after };
    const cached = this.#cache.get(id);
    if (cached !== undefined) return { record: cached };
    return this.#read.has(id) ? { record: this.#read.get(id) } : undefined;
  }

  /** Makes sure that what memory knows stays known until {@link forgetReads}; false when it must be read. */
  hold(id: string): boolean {
    if (this.#changes.has(id) || this.#flying.has(id) || this.#read.has(id)) return true;
    const cached = this.#cache.get(id);
    if (cached === undefined) return false;
    this.#read.set(id, cached);
    return true;
  }

  /** The record must have been read, or be known not to be there. `undefined` removes. */
  put(id: string, after: T | undefined): void {
    const earlier = this.#changes.get(id);
    const change = earlier ?? { before: this.get(id), blind: false };
    this.#changes.set(id, { before: change.before, after, blind: change.blind });
    this.unwrittenBytes += after === undefined ? id.length : this.kind.weigh(after);
  }

  /** Removes without having read. Only for records that have no index entries any more. */
  erase(id: string): void {
    // What the last write left may have had index entries, which are still to go.
    const earlier = this.#changes.get(id) ?? { before: undefined, blind: true };
    this.#changes.set(id, { before: earlier.before, after: undefined, blind: earlier.blind });
    this.unwrittenBytes += id.length;
  }

  /** Keeps what was read until {@link forgetReads}. */
  keepRead(id: string, bytes: Uint8Array | undefined): void {
    const record = bytes === undefined ? undefined : this.kind.decode(bytes);
    this.#read.set(id, record);
  }

  /** Begins a slice of apply: what is read or known from here on stays known until {@link forgetReads}. */
  keepReads(): void {
    this.#keepsReads = true;
  }

  forgetReads(): void {
    this.#keepsReads = false;
    for (const [id, record] of this.#read) {
      if (record === undefined || this.#cache.has(id) || this.#changes.has(id) || this.#flying.has(id))
        continue;
      this.#remember(id, record);
    }
    this.#read.clear();
  }

  /** Hands the changes to a write. They stay visible until {@link landed}. */
  takeOff(): Changes<T> {
    this.#flying = this.#changes;
    this.#changes = new Map();
    this.unwrittenBytes = 0;
    return this.#flying;
  }

  /** The write that took the changes is done. */
  landed(): void {
    for (const [id, change] of this.#flying) {
      this.#remember(id, change.after);
      if (this.#keepsReads) this.#read.set(id, change.after);
    }
    this.#flying = new Map();
  }

  #remember(id: string, record: T | undefined): void {
    this.#cache.set(id, record !== undefined && this.kind.isWarm(record) ? record : undefined);
  }
}
