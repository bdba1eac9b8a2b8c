import { expect, test } from "@jest/globals";
import { Deadline } from "../src/deadline.ts";
import { ManualClock } from "./manual-clock.ts";

test("what comes in time is passed on", async () => {
  const deadline = new Deadline(new ManualClock(), 10);
  await expect(deadline.race(Promise.resolve("here"), () => new Error("late"))).resolves.toBe("here");
});

test("what is late is not waited for, and its failure disturbs nobody", async () => {
  const clock = new ManualClock();
  const deadline = new Deadline(clock, 10);
  let fail: (error: Error) => void = () => {};
  const raced = deadline.race(new Promise((_, reject) => (fail = reject)), () => new Error("late"));
  const outcome = expect(raced).rejects.toThrow("late");
  await clock.advance(10);
  await outcome;
  fail(new Error("nobody listens"));
  expect(deadline.expired).toBe(true);
  expect(deadline.remainingMs).toBe(0);
});

test("a pause ends early when the deadline comes first", async () => {
  const clock = new ManualClock();
  const deadline = new Deadline(clock, 10);
  const short = deadline.pause(5);
  await clock.advance(5);
  await expect(short).resolves.toBe(true);
  const long = deadline.pause(50);
  await clock.advance(5);
  await expect(long).resolves.toBe(false);
});

test("nothing is left ticking", async () => {
  const clock = new ManualClock();
  const deadline = new Deadline(clock, 10);
  const paused = deadline.pause(5);
  await clock.advance(5);
  await paused;
  deadline.close();
  expect(clock.timers).toBe(0);
});
