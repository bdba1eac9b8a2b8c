import type { LogStorage } from "../contracts.ts";
import type { AppendBatch, Entry, HardState, PersistedState, SnapshotMeta } from "../types.ts";
import { NO_NODE } from "../types.ts";

interface LogImage {
  hardState: HardState;
  snapshot: SnapshotMeta;
  entries: Entry[];
}

type Change = (image: LogImage) => void;

/** How a {@link MemoryLogStorage} behaves. */
export interface MemoryLogStorageOptions {
  /**
   * What stands for the disk's sync. A change is durable, and its promise resolves, once this resolves; a
   * rejection fails that one change. The default resolves at once.
   */
  readonly sync?: () => Promise<void>;
}

/**
 * A {@link LogStorage} that lives in memory and still tells written from durable, so that a test can pull the
 * plug: {@link crash} gives the storage that the next start would find.
 */
export class MemoryLogStorage implements LogStorage {
  readonly #durable: LogImage;
  readonly #sync: () => Promise<void>;
  #unsynced: Change[] = [];
  #tail: Promise<void> = Promise.resolve();
  #refusal: Error | undefined;

  constructor(options: MemoryLogStorageOptions = {}, content: PersistedState = emptyLog()) {
    this.#sync = options.sync ?? (() => Promise.resolve());
    this.#durable = { ...content, entries: [...content.entries] };
  }

  load(): Promise<PersistedState> {
    if (this.#refusal !== undefined) return Promise.reject(this.#refusal);
    return this.#tail.then(() => ({ ...this.#durable, entries: [...this.#durable.entries] }));
  }

  append(batch: AppendBatch): Promise<void> {
    return this.#enqueue((image) => {
      if (batch.hardState !== undefined) image.hardState = batch.hardState;
      appendEntries(image, batch.entries);
    });
  }

  compact(snapshot: SnapshotMeta): Promise<void> {
    return this.#enqueue((image) => {
      if (snapshot.index <= image.snapshot.index) return;
      const forgotten = snapshot.index - image.snapshot.index;
      if (forgotten > image.entries.length)
        throw new Error(`Cannot compact to ${snapshot.index}: the log ends before.`);
      image.entries.splice(0, forgotten);
      image.snapshot = snapshot;
    });
  }

  reset(snapshot: SnapshotMeta): Promise<void> {
    return this.#enqueue((image) => {
      image.entries = [];
      image.snapshot = snapshot;
    });
  }

  /** Takes no more calls; what is durable stays, for the next `open`. */
  close(): Promise<void> {
    const settled = this.#tail;
    this.#refusal ??= new Error("This storage is closed. Open it again to use it.");
    return settled;
  }

  /** Changes issued that would not survive a power cut. */
  get unsyncedChanges(): number {
    return this.#unsynced.length;
  }

  /**
   * Pulls the plug: this storage refuses everything from now on, and the returned one holds what was durable,
   * plus the first `keepUnsynced` changes that were on their way (default 0: all of them are lost). It syncs
   * as this one did unless told otherwise.
   */
  crash(options: { readonly keepUnsynced?: number } & MemoryLogStorageOptions = {}): MemoryLogStorage {
    this.#refusal = new Error("This storage lost its power. Use the one that crash() returned.");
    for (const change of this.#unsynced.slice(0, options.keepUnsynced ?? 0)) change(this.#durable);
    this.#unsynced = [];
    return new MemoryLogStorage({ sync: this.#sync, ...options }, this.#durable);
  }

  #enqueue(change: Change): Promise<void> {
    if (this.#refusal !== undefined) return Promise.reject(this.#refusal);
    this.#unsynced.push(change);
    const done = this.#tail.then(() => this.#makeDurable(change));
    // A failed change fails its caller alone: the disk works on, and it is for the caller not to trust it.
    this.#tail = done.catch(() => undefined);
    return done;
  }

  async #makeDurable(change: Change): Promise<void> {
    try {
      await this.#sync();
      if (!this.#unsynced.includes(change)) throw this.#refusal ?? new Error("This change was lost.");
      change(this.#durable);
    } finally {
      this.#unsynced = this.#unsynced.filter((other) => other !== change);
    }
  }
}

/** What a storage holds before its first append. */
export function emptyLog(): PersistedState {
  const configuration = { voters: [], votersOutgoing: [], learners: [] };
  return {
    hardState: { term: 0, votedFor: NO_NODE },
    snapshot: { index: 0, term: 0, configuration, featureLevel: 0 },
    entries: [],
  };
}

function appendEntries(image: LogImage, entries: readonly Entry[]): void {
  const first = entries[0];
  if (first === undefined) return;
  const position = first.index - image.snapshot.index - 1;
  if (position < 0 || position > image.entries.length) {
    throw new Error(`Cannot append at ${first.index}: it would leave a gap or rewrite a snapshot.`);
  }
  image.entries.length = position;
  for (const entry of entries) image.entries.push(entry);
}
