import type { Entry } from "@coxswain/raft-core";
import { describe, expect, test } from "@jest/globals";
import { DamagedLogError, SimDisk } from "../src/cluster/disk.ts";
import { emptyMachineState } from "../src/cluster/register-machine.ts";

const founding = emptyMachineState({ voters: [1], votersOutgoing: [], learners: [] });

function entries(from: number, ...terms: number[]): Entry[] {
  return terms.map((term, at) => ({ index: from + at, term, type: "normal", data: new Uint8Array(3) }));
}

function diskWith(...batches: Entry[][]): SimDisk {
  const disk = new SimDisk(founding);
  batches.forEach((batch, at) => disk.write({ type: "append", batch: { id: at + 1, entries: batch } }));
  return disk;
}

describe("a simulated disk", () => {
  test("holds what was synced, and nothing else, after a crash", () => {
    const disk = diskWith(entries(1, 1, 1), entries(3, 1));
    disk.complete("log");
    disk.crash({ log: 0, state: 0 }, false);
    expect(disk.load().entries.map(({ index }) => index)).toEqual([1, 2]);
    expect([disk.holds(2, 1), disk.holds(3, 1)]).toEqual([true, false]);
  });

  test("may have kept writes that nobody was told about, oldest first", () => {
    const disk = diskWith(entries(1, 1), entries(2, 1), entries(3, 1));
    disk.crash({ log: 2, state: 0 }, false);
    expect(disk.lastIndex).toBe(2);
  });

  test("cuts a torn batch off whole, and says so once", () => {
    const disk = diskWith(entries(1, 1), entries(2, 1, 1));
    disk.complete("log");
    disk.crash({ log: 0, state: 0 }, true);
    expect(disk.load()).toMatchObject({ torn: true, entries: [{ index: 1 }] });
    expect(disk.load().torn).toBe(false);
  });

  test("replaces everything from a batch's first entry on", () => {
    const disk = diskWith(entries(1, 1, 1, 1), entries(2, 2));
    disk.crash({ log: 2, state: 0 }, false);
    expect(disk.load().entries.map(({ term }) => term)).toEqual([1, 2]);
  });

  test("refuses to load a record whose checksum is wrong, unless it was replaced or compacted since", () => {
    const disk = diskWith(entries(1, 1, 1, 1));
    disk.crash({ log: 1, state: 0 }, false);
    expect(disk.damage(0.9)).toBe(true);
    expect(() => disk.load()).toThrow(DamagedLogError);
    disk.write({ type: "append", batch: { id: 2, entries: entries(2, 2) } });
    disk.complete("log");
    expect(disk.load().entries).toHaveLength(2);
  });

  test("keeps log and state apart: each loses its own unsynced writes", () => {
    const state = { ...founding, meta: { ...founding.meta, index: 1, term: 1 } };
    const disk = diskWith(entries(1, 1));
    disk.write({ type: "saveState", state, purpose: "compaction" });
    expect(disk.crash({ log: 0, state: 1 }, false)).toEqual({ survived: 1, lost: 1, isTorn: false });
    expect([disk.lastIndex, disk.state.meta.index]).toEqual([0, 1]);
  });

  test("that lost its state needs a snapshot if its log was compacted, and else can begin again", () => {
    const state = { ...founding, meta: { ...founding.meta, index: 1, term: 1 } };
    const disk = diskWith(entries(1, 1, 1));
    disk.complete("log");
    disk.loseState(founding);
    expect([disk.isStateLost, disk.needsSnapshot]).toEqual([true, false]);
    disk.write({ type: "compact", meta: state.meta, purpose: "compaction" });
    disk.complete("log");
    expect(disk.needsSnapshot).toBe(true);
    disk.write({ type: "saveState", state, purpose: "install" });
    disk.complete("state");
    expect([disk.isStateLost, disk.needsSnapshot]).toEqual([false, false]);
  });

  test("takes no gap", () => {
    const disk = diskWith(entries(2, 1));
    expect(() => disk.complete("log")).toThrow(/a gap/);
  });
});
