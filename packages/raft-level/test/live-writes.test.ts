import { expect, test } from "@jest/globals";
import { LiveWrites } from "../src/live-writes.ts";

function ten(): LiveWrites {
  const live = new LiveWrites();
  for (let sequence = 0; sequence < 10; sequence++) live.push(sequence * 5);
  return live;
}

test("compaction lets the oldest writes die, up to the first that put an entry beyond it", () => {
  const live = ten();
  live.compact(14);
  expect(live.oldest).toBe(3);
  live.compact(15);
  expect(live.oldest).toBe(4);
});

test("a write that is needed keeps those after it, which number the log without a hole", () => {
  const live = new LiveWrites();
  for (const highest of [100, 5, 0, 6]) live.push(highest);
  live.compact(50);
  expect(live.oldest).toBe(0);
  live.compact(100);
  expect(live.oldest).toBe(4);
});

test("a reset lets all of them die", () => {
  const live = ten();
  live.compact(10);
  live.reset();
  expect(live.oldest).toBe(10);
  live.push(3);
  expect(live.oldest).toBe(10);
});

test("the dead are given out once, in order and a bounded number at a time", () => {
  const live = new LiveWrites();
  for (let sequence = 0; sequence < 5_000; sequence++) live.push(sequence + 1);
  live.compact(1_200);
  const steps: number[][] = [];
  while (live.hasDead) steps.push(live.takeDead());
  expect(steps.map((step) => step.length)).toEqual([512, 512, 176]);
  expect(steps.flat()).toEqual(Array.from({ length: 1_200 }, (_, sequence) => sequence));
  expect(live.takeDead()).toEqual([]);
});

test("what a crash left of the dead is found again", () => {
  const live = new LiveWrites(7, 4);
  for (let sequence = 7; sequence < 9; sequence++) live.push(sequence);
  expect(live.takeDead()).toEqual([4, 5, 6]);
  live.compact(7);
  expect(live.takeDead()).toEqual([7]);
});
