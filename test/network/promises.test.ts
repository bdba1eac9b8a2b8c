import { expect, test } from "@jest/globals";
import { brokenPromises, type Evidence, type Line, type Write } from "./promises.ts";

const line = (index: number, text: string): Line => ({ index, term: 1, text });
const write = (text: string, startedAt: number, endedAt: number, outcome: number | string): Write => ({
  text,
  startedAt,
  endedAt,
  outcome,
});
const journal = [line(2, "a"), line(3, "b"), line(5, "c")];
const good: Evidence = {
  writes: [
    write("a", 0, 10, 2),
    write("b", 5, 12, 3),
    write("x", 5, 12, "NOT_LEADER"),
    write("c", 20, 30, "PROPOSAL_OUTCOME_UNKNOWN"),
  ],
  reads: [
    { startedAt: 11, endedAt: 15, seen: 2 },
    { startedAt: 13, endedAt: 19, seen: 4 },
  ],
  journals: [journal, journal],
  leaders: [
    { term: 1, leader: 1 },
    { term: 1, leader: 1 },
    { term: 2, leader: 3 },
  ],
};

test("a history that keeps every promise", () => {
  expect(brokenPromises(good)).toEqual([]);
});

test.each<[string, Partial<Evidence>, string]>([
  [
    "two leaders in a term",
    { leaders: [...good.leaders, { term: 2, leader: 1 }] },
    "term 2 has two leaders, 3 and 1",
  ],
  [
    "another line at the same place",
    { journals: [journal, [line(2, "a"), line(3, "x"), line(5, "c")]] },
    "journals 0 and 1 differ from line 1 on",
  ],
  [
    "a line that one member lacks",
    { journals: [journal, journal.slice(0, 2)] },
    "journals 0 and 1 differ from line 2 on",
  ],
  [
    "a line that one member has alone",
    { journals: [journal, [...journal, line(6, "d")]] },
    "journals 0 and 1 differ from line 3 on",
  ],
  ["a line applied twice", { journals: [[...journal, line(6, "a")]], writes: [] }, "a line is there twice"],
  [
    "an acknowledged write that is gone",
    { writes: [write("d", 0, 1, 6)], reads: [] },
    "d was acknowledged and is lost",
  ],
  [
    "an acknowledged write elsewhere",
    { writes: [write("a", 0, 1, 4)], reads: [] },
    "a was acknowledged at 4 and is at 2",
  ],
  [
    "a refused write that is there",
    { writes: [write("a", 0, 1, "PROPOSAL_DROPPED")] },
    "a was refused and is there",
  ],
  [
    "a read that misses a write",
    { reads: [{ startedAt: 13, endedAt: 14, seen: 2 }] },
    "a read comes after index 2, but 3 had been seen before it began",
  ],
  [
    "a read that misses what another saw",
    {
      reads: [
        { startedAt: 31, endedAt: 32, seen: 5 },
        { startedAt: 33, endedAt: 34, seen: 4 },
      ],
    },
    "a read comes after index 4, but 5 had been seen before it began",
  ],
  [
    "a write before one that had ended",
    { writes: [write("b", 0, 1, 3), write("a", 2, 3, 2)], reads: [] },
    "a comes after index 1, but 3 had been seen before it began",
  ],
])("notices %s", (_, change, broken) => {
  expect(brokenPromises({ ...good, ...change })).toEqual([broken]);
});
