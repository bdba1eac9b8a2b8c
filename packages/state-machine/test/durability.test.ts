import { describe, expect, test } from "@jest/globals";
import {
  JobStore,
  MemoryStateDirectory,
  StateHoleError,
  StoreClosedError,
  StoreFailedError,
  type StateDatabase,
} from "../src/index.ts";
import { MARKER_PREFIX, markerKey, META_KEY } from "../src/keys.ts";
import { submit } from "./support/bodies.ts";
import { databaseOf } from "./support/dump.ts";
import { commandEntry, Harness } from "./support/harness.ts";

async function markersOf(db: StateDatabase): Promise<string[]> {
  return await db.keys({ gte: MARKER_PREFIX, lt: `${MARKER_PREFIX}~` }).all();
}

async function written(count: number, writeAheadBytes?: number): Promise<Harness> {
  const directory: MemoryStateDirectory & { writeAheadBytes?: number } = new MemoryStateDirectory();
  if (writeAheadBytes !== undefined) directory.writeAheadBytes = writeAheadBytes;
  const harness = await Harness.open({}, directory);
  for (let i = 0; i < count; i++) {
    await harness.apply(submit({ jobId: `j${i}` }));
    await harness.store.flush();
  }
  return harness;
}

describe("batch markers (G17)", () => {
  test("each write says which entries it held, and a restart goes on without replay", async () => {
    const harness = await written(3);
    expect(await markersOf(await databaseOf(harness.directory))).toEqual([1, 2, 3].map(markerKey));
    await harness.reopen();
    expect([harness.store.appliedIndex(), harness.store.durable().index]).toEqual([3, 3]);
    expect(await harness.store.job("j0")).toBeDefined();
  });

  test.each([1, 2, 3, 4])("a lost marker is a hole, and is refused: entry %d", async (index) => {
    const harness = await written(4);
    await harness.store.close();
    const db = await databaseOf(harness.directory);
    await db.del(markerKey(index));
    await db.close();
    const opening = JobStore.open({ directory: harness.directory });
    await expect(opening).rejects.toThrow(StateHoleError);
    await expect(opening).rejects.toThrow(/gets a new one from a peer/);
  });

  test("a meta record that is older than the markers is a hole as well", async () => {
    const harness = await written(2);
    const db = await databaseOf(harness.directory);
    const old = await db.get(META_KEY);
    await harness.apply(submit({ jobId: "late" }));
    await harness.store.close();
    await db.open();
    await db.put(META_KEY, old!);
    await db.close();
    await expect(JobStore.open({ directory: harness.directory })).rejects.toThrow(StateHoleError);
  });

  test("markers beyond the write-ahead span are pruned, and the rest still tile", async () => {
    const harness = await written(30, 3_000);
    const markers = await markersOf(await databaseOf(harness.directory));
    expect(markers.length).toBeLessThan(12);
    expect(markers.at(-1)).toBe(markerKey(30));
    await harness.reopen();
    expect(harness.store.appliedIndex()).toBe(30);
    await harness.apply(submit({ jobId: "more" }));
    await harness.reopen();
    expect(harness.store.appliedIndex()).toBe(31);
  });

  test("markers of restored states tile from the snapshot on", async () => {
    const source = await written(5);
    const snapshot = await source.store.snapshot();
    const target = await written(2);
    await target.store.restore(snapshot.meta, snapshot.chunks);
    await target.store.apply([commandEntry(6, submit({ jobId: "x" }))]);
    await target.reopen();
    expect(target.store.appliedIndex()).toBe(6);
  });
});

/** A directory whose writes can be held back or fail. */
class Disk extends MemoryStateDirectory {
  gate: Promise<void> | undefined;
  failure: Error | undefined;
  writes = 0;

  override async open(name: string): Promise<StateDatabase> {
    const db = await super.open(name);
    const begin = db.batch.bind(db) as () => ReturnType<typeof db.batch> & object;
    const wrapped = (): object => {
      const batch = begin() as unknown as { write(options?: object): Promise<void> };
      const write = batch.write.bind(batch);
      batch.write = async (options) => {
        this.writes += 1;
        await this.gate;
        if (this.failure !== undefined) throw this.failure;
        await write(options);
      };
      return batch;
    };
    Object.defineProperty(db, "batch", { value: wrapped, configurable: true });
    return db;
  }
}

describe("writing behind apply", () => {
  test("apply does not wait for the disk, and what came meanwhile goes into one write", async () => {
    const disk = new Disk();
    const harness = await Harness.open({}, disk);
    let open = (): void => {};
    disk.gate = new Promise((resolve) => {
      open = resolve;
    });
    for (let i = 0; i < 20; i++) await harness.apply(submit({ jobId: `j${i}` }));
    expect([harness.store.appliedIndex(), harness.store.durable().index, disk.writes]).toEqual([20, 0, 1]);
    expect(await harness.store.job("j19")).toBeDefined();
    open();
    await harness.store.flush();
    expect([harness.store.durable().index, disk.writes]).toEqual([20, 2]);
  });

  test("apply waits when too much waits for the disk", async () => {
    const disk = new Disk();
    const harness = await Harness.open({ maxUnwrittenBytes: 1_000 }, disk);
    let open = (): void => {};
    disk.gate = new Promise((resolve) => {
      open = resolve;
    });
    for (let i = 0; i < 2; i++) await harness.apply(submit({ jobId: `j${i}` }));
    let done = false;
    const blocked = harness.apply(submit({ jobId: "blocked" })).then(() => {
      done = true;
    });
    for (let i = 0; i < 50; i++) await Promise.resolve();
    expect(done).toBe(false);
    open();
    await blocked;
  });

  test("a failed write is fatal: it is told once, and nothing is answered any more (G19)", async () => {
    const disk = new Disk();
    const harness = await Harness.open({}, disk);
    const failures: Error[] = [];
    harness.store.on("failed", ({ error }) => failures.push(error));
    disk.failure = new Error("no space");
    await harness.apply(submit({ jobId: "a" }));
    await expect(harness.store.flush()).rejects.toThrow(StoreFailedError);
    await expect(harness.apply(submit({ jobId: "b" }))).rejects.toThrow(StoreFailedError);
    await expect(harness.store.listJobs({ pageSize: 1 })).rejects.toThrow(StoreFailedError);
    await expect(harness.store.snapshot()).rejects.toThrow(StoreFailedError);
    expect(failures).toHaveLength(1);
    expect(failures[0]?.cause).toMatchObject({ message: "no space" });
    await harness.store.close();
  });

  test("a closed store refuses, and closing twice does no harm", async () => {
    const harness = await Harness.open();
    await harness.apply(submit({ jobId: "a" }));
    await harness.store.close();
    await harness.store.close();
    await expect(harness.apply(submit({ jobId: "b" }))).rejects.toThrow(StoreClosedError);
    await expect(harness.store.job("a")).rejects.toThrow(StoreClosedError);
  });
});

test("a pointer to a state that is not there is refused, instead of beginning empty", async () => {
  const directory = new MemoryStateDirectory();
  await directory.switchTo("state-77");
  await expect(JobStore.open({ directory })).rejects.toThrow(StateHoleError);
});

test("states without a pointer to the current one are refused, and none is removed", async () => {
  const directory = new MemoryStateDirectory();
  await directory.open("state-0");
  await directory.open("state-77");
  await expect(JobStore.open({ directory })).rejects.toThrow(StateHoleError);
  expect(await directory.list()).toEqual(["state-0", "state-77"]);
});

test("a first state that a crash left without a pointer is taken as it is", async () => {
  const harness = await Harness.open();
  await harness.apply(submit({ jobId: "a" }));
  await harness.store.close();
  const { directory } = harness;
  directory.current = () => Promise.resolve(undefined);
  const store = await JobStore.open({ directory });
  expect(await store.job("a")).toBeDefined();
  await store.close();
});

describe("a pause before writes", () => {
  async function paused(): Promise<{ harness: Harness; endPause: () => void; pauses: () => number }> {
    let pauses = 0;
    let end: () => void = () => {};
    const pauseBeforeWrite = (): Promise<void> => {
      pauses += 1;
      return new Promise((resolve) => (end = resolve));
    };
    const harness = await Harness.open({ pauseBeforeWrite });
    return { harness, endPause: () => end(), pauses: () => pauses };
  }

  test("gathers what is applied meanwhile into one write", async () => {
    const { harness, endPause, pauses } = await paused();
    for (const jobId of ["a", "b", "c"]) await harness.apply(submit({ jobId }));
    expect([harness.store.durable().index, pauses()]).toEqual([0, 1]);
    endPause();
    await harness.store.flush();
    expect(harness.store.durable().index).toBe(3);
    expect(await markersOf(await databaseOf(harness.directory))).toEqual([markerKey(1)]);
  });

  test("ends when somebody waits for the disk: a flush, a snapshot, the end", async () => {
    const { harness } = await paused();
    await harness.apply(submit({ jobId: "a" }));
    await harness.store.flush();
    expect(harness.store.durable().index).toBe(1);
    await harness.apply(submit({ jobId: "b" }));
    const snapshot = await harness.store.snapshot();
    expect(snapshot.meta.index).toBe(2);
    await snapshot.close();
    await harness.apply(submit({ jobId: "c" }));
    await harness.store.close();
    expect(harness.store.durable().index).toBe(3);
  });
});
