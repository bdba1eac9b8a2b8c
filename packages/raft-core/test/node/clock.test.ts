import { expect, test } from "@jest/globals";
import { clockFrom } from "../../src/index.ts";

test("a clock over the platform's timers calls back, and stops when told", async () => {
  const clock = clockFrom({
    now: () => performance.now(),
    setInterval,
    clearInterval,
    setTimeout,
    clearTimeout,
  });
  const before = clock.now();
  await new Promise<void>((resolve) => void clock.after(1, resolve));
  let beats = 0;
  await new Promise<void>((resolve) => {
    const stop = clock.every(1, () => {
      beats++;
      if (beats < 3) return;
      stop();
      resolve();
    });
  });
  const cancel = clock.after(0, () => beats++);
  cancel();
  await new Promise<void>((resolve) => void clock.after(2, resolve));
  expect(beats).toBe(3);
  expect(clock.now()).toBeGreaterThan(before);
});
