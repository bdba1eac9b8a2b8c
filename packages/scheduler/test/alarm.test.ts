import { expect, test } from "@jest/globals";
import { Alarm } from "../src/alarm.ts";
import { FakeClock } from "./fake-clock.ts";

test("an alarm beyond 2^31 ms does not ring early", async () => {
  const clock = new FakeClock(0);
  let rung = 0;
  const alarm = new Alarm(clock, () => rung++);
  alarm.set(2 ** 33);
  await clock.advance(2 ** 33 - 1);
  expect(rung).toBe(0);
  await clock.advance(1);
  expect(rung).toBe(1);
  await clock.advance(2 ** 33);
  expect(rung).toBe(1);
});

test("an alarm can be moved and cleared, and rings never within the call that sets it", async () => {
  const clock = new FakeClock(0);
  let rung = 0;
  const alarm = new Alarm(clock, () => rung++);
  alarm.set(-5);
  expect(rung).toBe(0);
  await clock.advance(0);
  expect(rung).toBe(1);
  alarm.set(100);
  alarm.setEarlier(200);
  alarm.setEarlier(50);
  await clock.advance(50);
  expect(rung).toBe(2);
  alarm.set(100);
  alarm.clear();
  await clock.advance(1_000);
  expect({ rung, timers: clock.timers }).toEqual({ rung: 2, timers: 0 });
});
