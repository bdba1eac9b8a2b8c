import { expect, test } from "@jest/globals";
import { ManualClock } from "../../src/index.ts";

test("timers fire in the order of their instants, at their instants", async () => {
  const clock = new ManualClock({ startMs: 100 });
  const fired: [string, number][] = [];
  clock.after(30, () => fired.push(["late", clock.now()]));
  clock.after(10, () => fired.push(["early", clock.now()]));
  clock.every(15, () => fired.push(["beat", clock.now()]));
  await clock.advance(30);
  expect(fired).toEqual([
    ["early", 110],
    ["beat", 115],
    ["late", 130],
    ["beat", 130],
  ]);
  expect(clock.now()).toBe(130);
});

test("a cancelled timer does not fire, even when cancelled at its own instant", async () => {
  const clock = new ManualClock();
  const fired: string[] = [];
  clock.after(5, () => cancel());
  const cancel = clock.after(5, () => fired.push("second"));
  await clock.advance(10);
  expect(fired).toEqual([]);
  expect(clock.pendingTimers).toBe(0);
});

test("work that a timer causes settles before the next instant", async () => {
  const clock = new ManualClock();
  const seen: number[] = [];
  clock.every(
    10,
    () =>
      void Promise.resolve()
        .then(() => Promise.resolve())
        .then(() => seen.push(clock.now())),
  );
  await clock.advance(30);
  expect(seen).toEqual([10, 20, 30]);
});

test("a period of zero is refused", () => {
  expect(() => new ManualClock().every(0, () => {})).toThrow("above 0");
});
