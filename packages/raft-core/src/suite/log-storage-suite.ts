import type { LogStorage } from "../contracts.ts";
import type { AppendBatch, Entry, HardState, PersistedState } from "../types.ts";
import { NO_NODE } from "../types.ts";
import { claim, claimRejects, claimSame, entriesBetween, entryAt, metaAt, type SuiteTools } from "./claim.ts";

/** One place where a log lives. */
export interface LogStorageFixture {
  /** Opens the storage; called again only after the one before was closed, and must then find what it left. */
  open(): Promise<LogStorage>;
  /** Removes the place. */
  dispose?(): Promise<void>;
}

type Body = (log: Reopenable) => Promise<void>;

/** Everything that {@link LogStorage} promises. `place` gives a new, empty place for each test. */
export function logStorageSuite(
  tools: SuiteTools,
  name: string,
  place: () => Promise<LogStorageFixture>,
): void {
  for (const [sentence, body] of Object.entries({ ...appending, ...forgetting })) {
    tools.test(`${name}: ${sentence}`, async () => {
      const log = await Reopenable.open(await place());
      try {
        await body(log);
      } finally {
        await log.dispose();
      }
    });
  }
}

const appending: Record<string, Body> = {
  "an empty place loads as term 0 without entries": async (log) => {
    const { hardState, snapshot, entries } = await log.storage.load();
    claimSame(hardState, { term: 0, votedFor: NO_NODE }, "the hard state is zero");
    claimSame([snapshot.index, snapshot.term], [0, 0], "the log begins after index 0");
    claimSame(snapshot.configuration.voters, [], "no configuration is invented");
    claimSame(entries, [], "there are no entries");
  },
  "what was appended is there after reopening, byte for byte": async (log) => {
    const entries: Entry[] = [
      { index: 1, term: 1, type: "noop", data: new Uint8Array(0) },
      { index: 2, term: 1, type: "config", data: new Uint8Array([0, 255, 10, 0]) },
      { index: 3, term: 2, type: "normal", data: new Uint8Array(70_000).fill(7) },
    ];
    await log.append(entries, { term: 2, votedFor: 3 });
    const { hardState, entries: found } = await log.reopen();
    claimSame(hardState, { term: 2, votedFor: 3 }, "the hard state survives");
    claimSame(found, entries, "every entry survives, with its type");
  },
  "a batch may carry a hard state alone, and one without leaves it": async (log) => {
    await log.append([], { term: 4, votedFor: 2 });
    await log.append(entriesBetween(1, 2, 4));
    claimSame(
      (await log.reopen()).hardState,
      { term: 4, votedFor: 2 },
      "the hard state is the last one given",
    );
  },
  "batches issued without waiting take effect in order": async (log) => {
    const batches = Array.from({ length: 50 }, (_, i) =>
      log.append([entryAt(i + 1, 1)], { term: i + 1, votedFor: 1 }),
    );
    await Promise.all(batches);
    const { hardState, entries } = await log.reopen();
    claimSame(hardState, { term: 50, votedFor: 1 }, "the last batch wins");
    claimSame(indexes(entries), range(1, 50), "no batch is missing");
  },
  "entries replace everything from their first index on": async (log) => {
    await log.append(entriesBetween(1, 10, 1));
    await log.append(entriesBetween(4, 5, 2));
    const { entries } = await log.reopen();
    claimSame(
      entries.map(({ index, term }) => [index, term]),
      [
        [1, 1],
        [2, 1],
        [3, 1],
        [4, 2],
        [5, 2],
      ],
      "entries 6 to 10 of the old term are gone",
    );
  },
  "after a replacement the log goes on from its new end": async (log) => {
    await log.append(entriesBetween(1, 10, 1));
    await log.append([entryAt(2, 2)]);
    await log.append(entriesBetween(3, 4, 2));
    claimSame(indexes((await log.reopen()).entries), [1, 2, 3, 4], "the log is gapless");
  },
  "a closed storage refuses to append": async (log) => {
    await log.storage.close();
    await claimRejects(log.append([entryAt(1, 1)]), "an append after close() rejects");
  },
};

const forgetting: Record<string, Body> = {
  "compaction forgets up to its index and keeps the rest": async (log) => {
    await log.append(entriesBetween(1, 10, 1), { term: 1, votedFor: 1 });
    await log.storage.compact(metaAt(6, 1));
    const { hardState, snapshot, entries } = await log.reopen();
    claimSame(snapshot, metaAt(6, 1), "the log begins after the snapshot");
    claimSame(indexes(entries), range(7, 10), "entries after it stay");
    claimSame(hardState, { term: 1, votedFor: 1 }, "the hard state stays");
  },
  "compaction of the whole log leaves a place to append to": async (log) => {
    await log.append(entriesBetween(1, 3, 1));
    await log.storage.compact(metaAt(3, 1));
    await log.append([entryAt(4, 2)]);
    claimSame(indexes((await log.reopen()).entries), [4], "the log goes on after the snapshot");
  },
  "compaction to what is already forgotten changes nothing": async (log) => {
    await log.append(entriesBetween(1, 5, 1));
    await log.storage.compact(metaAt(4, 1));
    await log.storage.compact(metaAt(2, 1));
    const { snapshot, entries } = await log.reopen();
    claimSame([snapshot.index, ...indexes(entries)], [4, 5], "the newer snapshot stands");
  },
  "compaction and appends issued without waiting take effect in order": async (log) => {
    await Promise.all([
      log.append(entriesBetween(1, 5, 1)),
      log.storage.compact(metaAt(5, 1)),
      log.append([entryAt(6, 1)]),
    ]);
    const { snapshot, entries } = await log.reopen();
    claimSame([snapshot.index, ...indexes(entries)], [5, 6], "each saw the one before");
  },
  "reset empties the log, moves its beginning and keeps the hard state": async (log) => {
    await log.append(entriesBetween(1, 25, 2), { term: 3, votedFor: 2 });
    await log.storage.reset(metaAt(20, 3));
    const { hardState, snapshot, entries } = await log.reopen();
    claimSame(snapshot, metaAt(20, 3), "the log begins after the snapshot");
    claimSame(entries, [], "the tail beyond the snapshot is discarded too");
    claimSame(hardState, { term: 3, votedFor: 2 }, "the hard state stays");
  },
  "reset may jump beyond the end of the log, which goes on from there": async (log) => {
    await log.append(entriesBetween(1, 2, 1));
    await log.storage.reset(metaAt(1_000, 7));
    await log.append([entryAt(1_001, 7)]);
    const { snapshot, entries } = await log.reopen();
    claimSame(
      [snapshot.index, ...indexes(entries)],
      [1_000, 1_001],
      "the log is gapless from the snapshot on",
    );
  },
  "reset at index 0 records the first configuration": async (log) => {
    await log.storage.reset(metaAt(0, 0));
    await log.append([entryAt(1, 1)], { term: 1, votedFor: 1 });
    const { snapshot, entries } = await log.reopen();
    claimSame(snapshot, metaAt(0, 0), "the configuration is kept");
    claimSame(indexes(entries), [1], "the log begins at 1");
  },
};

class Reopenable {
  readonly #fixture: LogStorageFixture;
  #batchId = 0;
  storage: LogStorage;

  private constructor(fixture: LogStorageFixture, storage: LogStorage) {
    this.#fixture = fixture;
    this.storage = storage;
  }

  static async open(fixture: LogStorageFixture): Promise<Reopenable> {
    return new Reopenable(fixture, await fixture.open());
  }

  append(entries: readonly Entry[], hardState?: HardState): Promise<void> {
    const id = ++this.#batchId;
    const batch: AppendBatch = hardState === undefined ? { id, entries } : { id, hardState, entries };
    return this.storage.append(batch);
  }

  async reopen(): Promise<PersistedState> {
    await this.storage.close();
    this.storage = await this.#fixture.open();
    const state = await this.storage.load();
    claim(
      state.entries.every(({ index }, i) => index === state.snapshot.index + 1 + i),
      "the log is gapless",
    );
    return state;
  }

  async dispose(): Promise<void> {
    await this.storage.close();
    await this.#fixture.dispose?.();
  }
}

function indexes(entries: readonly Entry[]): number[] {
  return entries.map(({ index }) => index);
}

function range(first: number, last: number): number[] {
  return entriesBetween(first, last, 1).map(({ index }) => index);
}
