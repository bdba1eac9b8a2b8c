import { describe, expect, test } from "@jest/globals";
import { type Entry, MemoryStateMachine, setCommand, type SnapshotMeta } from "../../src/index.ts";
import { Compaction, type CompactionParts } from "../../src/node/compaction.ts";
import { Cluster, type Place } from "./cluster.ts";

const LIMITS = { logMaxBytes: 2_000, logMaxEntries: 1_000_000, logTailShare: 0.25, logHardBytes: 4_000, logHardEntries: 1_000_000 };
/** With its head. */
const ENTRY_BYTES = 20;
const NO_MEMBERS = { voters: [], votersOutgoing: [], learners: [] };

/** A log of entries that weigh the same, with what surrounds it under the test's control. */
class LogUnderTest implements CompactionParts {
  firstIndex = 1;
  lastIndex = 0;
  durableIndex = 0;
  held: number | undefined;
  tooEarly = false;
  readonly compacted: number[] = [];

  extent() {
    const { firstIndex, lastIndex } = this;
    return { firstIndex, lastIndex, logSizeBytes: (lastIndex - firstIndex + 1) * ENTRY_BYTES };
  }

  entries(from: number, limit: number): Entry[] {
    const count = Math.max(0, Math.min(limit, this.lastIndex - from + 1));
    return Array.from({ length: count }, (_, i) => ({
      index: from + i,
      term: 1,
      type: "normal",
      data: new Uint8Array(ENTRY_BYTES - 16),
    }));
  }

  termAt(index: number): number | undefined {
    return index >= this.firstIndex - 1 && index <= this.lastIndex ? 1 : undefined;
  }

  durable(): SnapshotMeta {
    return { index: this.durableIndex, term: 1, configuration: NO_MEMBERS, featureLevel: 0 };
  }

  heldIndex(): number | undefined {
    return this.held;
  }

  abortSnapshots(): void {
    this.held = undefined;
  }

  compact({ index }: SnapshotMeta): boolean {
    if (this.tooEarly) return false;
    this.compacted.push(index);
    this.firstIndex = index + 1;
    return true;
  }
}

function under(settings: Partial<typeof LIMITS> = {}) {
  const log = new LogUnderTest();
  const compaction = new Compaction({ ...LIMITS, ...settings }, log);
  const grow = (entries: number, durable = true): void => {
    log.lastIndex += entries;
    if (durable) log.durableIndex = log.lastIndex;
    compaction.run();
  };
  return { log, grow };
}

describe("compaction", () => {
  test("leaves a log within its limit alone, and cuts one above it down to the tail", () => {
    const { log, grow } = under();
    grow(100);
    expect(log.compacted).toEqual([]);
    grow(1);
    expect(log.compacted).toEqual([76]);
    expect(log.extent().logSizeBytes).toBe(500);
  });

  test("bounds the count of entries as well", () => {
    const { log, grow } = under({ logMaxEntries: 40 });
    grow(41);
    expect(log.compacted).toEqual([31]);
  });

  test("never goes beyond what the state holds durably", () => {
    const { log, grow } = under();
    log.durableIndex = 5;
    grow(150, false);
    expect(log.compacted).toEqual([5]);
    log.durableIndex = 140;
    grow(10, false);
    expect(log.compacted).toEqual([5, 135]);
  });

  test("with nothing durable waits for the log to grow before it looks again", () => {
    const { log, grow } = under();
    let looked = 0;
    const durable = log.durable.bind(log);
    log.durable = () => {
      looked++;
      return durable();
    };
    for (let i = 0; i < 150; i++) grow(1, false);
    expect(log.compacted).toEqual([]);
    expect(looked).toBeLessThan(15);
  });

  test("keeps what a snapshot on its way needs, up to the hard limit, then aborts it (G18)", () => {
    const { log, grow } = under();
    log.held = 20;
    grow(110);
    expect(log.compacted).toEqual([20]);
    grow(100);
    expect([log.held, log.compacted]).toEqual([20, [20]]);
    grow(20);
    expect(log.held).toBeUndefined();
    expect(log.extent().logSizeBytes).toBe(500);
  });

  test("counts small entries, too, when a snapshot keeps it from compacting (G18)", () => {
    const { log, grow } = under({ logMaxEntries: 100, logHardEntries: 150 });
    log.held = 20;
    grow(140);
    expect(log.held).toBe(20);
    grow(40);
    expect(log.held).toBeUndefined();
    expect(log.lastIndex - log.firstIndex + 1).toBeLessThanOrEqual(100);
  });

  test("tries again later when it is too early", () => {
    const { log, grow } = under();
    log.tooEarly = true;
    grow(101);
    log.tooEarly = false;
    grow(10);
    expect(log.compacted).toEqual([86]);
  });
});

describe("in a cluster", () => {
  const small = { logMaxEntries: 40, logMaxBytes: 100_000, logHardBytes: 200_000 };

  test("every node's log stays within its limit in memory and on disk, and restarts from there", async () => {
    const { cluster, leader } = await Cluster.led(3, small);
    for (let i = 0; i < 300; i++) await cluster.result(leader.node.propose(setCommand(`k${i}`, "v")));
    await cluster.converge();
    for (const { node, storage, events } of cluster.places) {
      const { firstIndex, lastIndex } = node.status();
      expect(lastIndex - firstIndex + 1).toBeLessThanOrEqual(45);
      const { entries, snapshot } = await storage.load();
      expect([entries.length, snapshot.configuration]).toEqual([
        lastIndex - firstIndex + 1,
        cluster.bootstrap,
      ]);
      expect(events.some(({ type }) => type === "logCompacted")).toBe(true);
    }
    for (const place of cluster.places) await cluster.crash(place);
    for (const { id } of cluster.places) await cluster.start(id);
    const next = await cluster.leader();
    await cluster.result(next.node.propose(setCommand("after", "v")));
    await cluster.converge();
    for (const { stateMachine } of cluster.places) expect(stateMachine.pairs()).toHaveLength(301);
    await cluster.stop();
  });

  test("a state that is durable late keeps its log, and loses nothing in a crash", async () => {
    const cluster = new Cluster(3, small);
    for (const place of cluster.places) place.stateMachine = new MemoryStateMachine({ durableEvery: 70 });
    for (const { id } of cluster.places) await cluster.start(id);
    const leader = await cluster.leader();
    for (let i = 0; i < 300; i++) {
      await cluster.result(leader.node.propose(setCommand(`k${i}`, "v")));
      const { firstIndex } = leader.node.status();
      expect(firstIndex - 1).toBeLessThanOrEqual(leader.stateMachine.durable().index);
    }
    await cluster.converge();
    for (const place of cluster.places) await cluster.crash(place);
    for (const { id } of cluster.places) await cluster.start(id);
    await cluster.leader();
    await cluster.converge();
    for (const place of cluster.places as Place[]) expect(place.stateMachine.pairs()).toHaveLength(300);
    await cluster.stop();
  });
});
