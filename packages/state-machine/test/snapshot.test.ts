import { describe, expect, test } from "@jest/globals";
import {
  FeatureLevelError,
  JobStore,
  MemoryStateDirectory,
  SnapshotDamagedError,
  SUPPORTED_FEATURE_LEVEL,
} from "../src/index.ts";
import { register, on, shell, submit } from "./support/bodies.ts";
import { checkConsistency } from "./support/check-consistency.ts";
import { dump } from "./support/dump.ts";
import { Harness } from "./support/harness.ts";
import { Story } from "./support/random-commands.ts";

async function told(seed: number, steps = 150): Promise<Harness> {
  const harness = await Harness.open();
  const story = new Story(harness, seed);
  for (let i = 0; i < steps; i++) await story.step();
  return harness;
}

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return Buffer.concat(parts);
}

async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield await Promise.resolve(bytes.subarray(at, at + size));
}

describe("snapshots (G18)", () => {
  test("a restored store is byte-identical, goes on alike, and survives reopening", async () => {
    const source = await told(7);
    const target = await told(8, 40);
    const snapshot = await source.store.snapshot();
    await target.store.restore(snapshot.meta, snapshot.chunks);
    await snapshot.close();
    expect(await dump(target.store, target.directory)).toEqual(await dump(source.store, source.directory));
    await checkConsistency(target.store, target.directory);
    await target.reopen();
    const next = source.entriesOf([submit({ jobId: "next" })]);
    expect(await target.store.apply(next)).toEqual(await source.store.apply(next));
    expect(await dump(target.store, target.directory)).toEqual(await dump(source.store, source.directory));
  });

  test("bytes may be cut anywhere on their way", async () => {
    const source = await told(9);
    const snapshot = await source.store.snapshot();
    const bytes = await collect(snapshot.chunks);
    const target = await Harness.open();
    await target.store.restore(snapshot.meta, pieces(bytes, 7));
    expect(await dump(target.store, target.directory)).toEqual(await dump(source.store, source.directory));
  });

  test("any flipped byte is noticed, and the old state stands", async () => {
    const source = await told(10, 30);
    const snapshot = await source.store.snapshot();
    const bytes = await collect(snapshot.chunks);
    const target = await told(11, 10);
    const before = await dump(target.store, target.directory);
    for (let at = 0; at < bytes.length; at += Math.ceil(bytes.length / 40)) {
      const damaged = Uint8Array.from(bytes);
      damaged[at] = (damaged[at] ?? 0) ^ 0x10;
      await expect(target.store.restore(snapshot.meta, pieces(damaged, 1_000))).rejects.toThrow(
        SnapshotDamagedError,
      );
    }
    expect(await dump(target.store, target.directory)).toEqual(before);
    expect(await target.directory.list()).toEqual([await target.directory.current()]);
  });

  test("a snapshot that lacks its end or a frame, or is of another entry, is refused", async () => {
    const source = await Harness.open();
    for (let i = 0; i < 40; i++)
      await source.apply(submit({ jobId: `j${i}`, task: shell("x".repeat(10_000)) }));
    const snapshot = await source.store.snapshot();
    const frames: Uint8Array[] = [];
    for await (const chunk of snapshot.chunks) frames.push(chunk);
    expect(frames.length).toBeGreaterThan(3);
    const target = await Harness.open();
    const cases = [frames.slice(0, -1), frames.slice(1), [...frames, frames[0]!], []];
    for (const some of cases) {
      await expect(target.store.restore(snapshot.meta, pieces(Buffer.concat(some), 4_096))).rejects.toThrow(
        SnapshotDamagedError,
      );
    }
    const other = { ...snapshot.meta, index: snapshot.meta.index + 1 };
    await expect(target.store.restore(other, pieces(Buffer.concat(frames), 4_096))).rejects.toThrow(
      SnapshotDamagedError,
    );
    expect(target.store.appliedIndex()).toBe(0);
  });

  test("a feature level above ours is refused before anything is written (G7)", async () => {
    const source = await told(12, 5);
    const snapshot = await source.store.snapshot();
    const meta = { ...snapshot.meta, featureLevel: SUPPORTED_FEATURE_LEVEL + 1 };
    await expect((await Harness.open()).store.restore(meta, snapshot.chunks)).rejects.toThrow(
      FeatureLevelError,
    );
  });

  test("reads that are under way on the old state end well", async () => {
    const source = await told(13);
    const target = await told(14);
    const snapshot = await source.store.snapshot();
    const reads = Array.from({ length: 20 }, () => target.store.listJobs({ pageSize: 100 }));
    const old = await target.store.snapshot();
    await Promise.all([target.store.restore(snapshot.meta, snapshot.chunks), ...reads]);
    expect((await collect(old.chunks)).length).toBeGreaterThan(0);
    await old.close();
    await target.store.close();
    expect(await target.directory.list()).toEqual([await target.directory.current()]);
  });

  test("closing does not wait for a snapshot nobody reads", async () => {
    const source = await told(15, 10);
    await source.store.snapshot();
    await source.store.close();
  });

  test("restoring says so, and what runs is known at once (G2)", async () => {
    const source = await Harness.open();
    await source.apply(register(1));
    await source.apply(submit({ jobId: "a", placement: on(1) }));
    await source.store.flush();
    const snapshot = await source.store.snapshot();
    const store = await JobStore.open({ directory: new MemoryStateDirectory() });
    const heard: number[] = [];
    store.on("restored", ({ index }) => heard.push(index));
    await store.restore(snapshot.meta, snapshot.chunks);
    expect([heard, store.runningOn(1), store.durable()]).toEqual([[2], 1, snapshot.meta]);
  });
});

test("when switching fails the old state goes on", async () => {
  class Stubborn extends MemoryStateDirectory {
    stubborn = false;
    override async switchTo(name: string): Promise<void> {
      if (this.stubborn) throw new Error("read-only");
      await super.switchTo(name);
    }
  }
  const directory = new Stubborn();
  const target = await Harness.open({}, directory);
  await target.apply(submit({ jobId: "mine" }));
  const source = await told(16, 10);
  const snapshot = await source.store.snapshot();
  directory.stubborn = true;
  await expect(target.store.restore(snapshot.meta, snapshot.chunks)).rejects.toThrow("read-only");
  await target.apply(submit({ jobId: "more" }));
  await target.store.flush();
  expect([target.store.appliedIndex(), target.store.durable().index]).toEqual([2, 2]);
});
