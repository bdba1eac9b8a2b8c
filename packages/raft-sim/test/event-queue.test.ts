import { expect, test } from "@jest/globals";
import { EventQueue } from "../src/event-queue.ts";
import { Random } from "../src/random.ts";

test("events come by time, and those of one instant in the order in which they were added", () => {
  const queue = new EventQueue<string>();
  queue.add(20, "late");
  queue.add(10, "first");
  queue.add(10, "second");
  expect([queue.next(), queue.nowUs, queue.next(), queue.next(), queue.next()]).toEqual([
    "first",
    10,
    "second",
    "late",
    undefined,
  ]);
});

test("an instant in the past counts as now", () => {
  const queue = new EventQueue<string>();
  queue.add(50, "now");
  queue.next();
  queue.addAt(10, "too late");
  queue.next();
  expect(queue.nowUs).toBe(50);
});

test("thousands of events come in order", () => {
  const queue = new EventQueue<number>();
  const random = new Random(5);
  const times = Array.from({ length: 5_000 }, () => random.below(1_000));
  for (const time of times) queue.addAt(time, time);
  expect(times.map(() => queue.next())).toEqual([...times].sort((a, b) => a - b));
  expect(queue.size).toBe(0);
});
