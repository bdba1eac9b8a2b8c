import { describe, expect, test } from "@jest/globals";
import { entrySizeBytes, RaftLog } from "../../src/core/log.ts";
import { emptyState, logOf, normalEntry, snapshotAt, stateWithLog, votersOf } from "./harness/states.ts";

const THREE = votersOf(1, 2, 3);

function logWith(terms: readonly number[]): RaftLog {
  return new RaftLog(stateWithLog(THREE, terms));
}

describe("the log in memory", () => {
  test("an empty log begins after its snapshot", () => {
    const log = new RaftLog({
      ...emptyState(THREE),
      hardState: { term: 3, votedFor: 0 },
      snapshot: snapshotAt(10, 3, THREE),
    });
    expect([
      log.firstIndex,
      log.lastIndex,
      log.lastTerm,
      log.termAt(10),
      log.termAt(9),
      log.termAt(11),
    ]).toEqual([11, 10, 3, 3, undefined, undefined]);
  });

  test.each([
    ["a gap", [...logOf([1]), normalEntry(3, 1)]],
    ["a missing beginning", logOf([1], 2)],
    ["terms that fall", [normalEntry(1, 2), normalEntry(2, 1)]],
    ["a term that was never durable", [normalEntry(1, 9)]],
  ])("%s on the disk is refused", (_, entries) => {
    expect(() => new RaftLog({ ...emptyState(THREE), hardState: { term: 2, votedFor: 0 }, entries })).toThrow(
      "Restore this node",
    );
  });

  test("slices keep both limits, but give at least one entry", () => {
    const log = logWith([1, 1, 1, 1]);
    const size = entrySizeBytes(normalEntry(1, 1));
    expect(log.slice(2, 2, Infinity).map((entry) => entry.index)).toEqual([2, 3]);
    expect(log.slice(1, 9, size * 3).map((entry) => entry.index)).toEqual([1, 2, 3]);
    expect(log.slice(4, 9, 1).map((entry) => entry.index)).toEqual([4]);
    expect(log.slice(5, 9, 1)).toEqual([]);
  });

  test("cutting both ends keeps indexes, terms and sizes right", () => {
    const log = logWith([]);
    for (let index = 1; index <= 5000; index += 1) {
      log.append(normalEntry(index, 1 + Math.floor(index / 1000)));
      if (index % 700 === 0) log.compact(snapshotAt(index - 100, log.termAt(index - 100)!, THREE));
    }
    log.truncateFrom(4990);
    expect([log.firstIndex, log.lastIndex, log.termAt(4989), log.entryAt(4989)?.index]).toEqual([
      4801, 4989, 5, 4989,
    ]);
    const held = log.slice(log.firstIndex, Infinity, Infinity);
    expect(held.map((entry) => entry.index)).toEqual(Array.from({ length: 189 }, (_, at) => 4801 + at));
    expect(log.sizeBytes).toBe(held.reduce((sum, entry) => sum + entrySizeBytes(entry), 0));
    expect([log.termAt(4799), log.entryAt(4800), log.slice(4800, 1, 1)]).toEqual([undefined, undefined, []]);
  });

  test("the best place to look for a match is found for every index and term", () => {
    const terms = [1, 1, 2, 4, 4, 4, 7];
    const log = logWith(terms);
    for (let index = 0; index <= 9; index += 1) {
      for (let term = 0; term <= 8; term += 1) {
        let expected = Math.min(index, terms.length);
        while (expected > 0 && terms[expected - 1]! > term) expected -= 1;
        expect(log.lastIndexWithTermAtMost(index, term)).toBe(expected);
      }
    }
  });

  test("below a snapshot the search points in front of it, so that a snapshot is sent", () => {
    const log = logWith([1, 3, 3, 3]);
    log.compact(snapshotAt(2, 3, THREE));
    expect(log.lastIndexWithTermAtMost(4, 2)).toBe(1);
    expect(log.lastIndexWithTermAtMost(1, 1)).toBe(1);
  });

  test("a snapshot of another history is refused", () => {
    expect(() => logWith([1, 1]).compact(snapshotAt(2, 5, THREE))).toThrow("not of this log");
  });
});
