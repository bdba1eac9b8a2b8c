import { afterEach, beforeEach, describe, expect, jest, test } from "@jest/globals";
import { systemClock } from "../src/index.ts";

const DAY_MS = 86_400_000;

describe("systemClock", () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  test("a delay beyond the longest timer does not fire early", () => {
    let fired = false;
    systemClock.after(30 * DAY_MS, () => (fired = true));
    jest.advanceTimersByTime(30 * DAY_MS - 1);
    expect(fired).toBe(false);
    jest.advanceTimersByTime(1);
    expect(fired).toBe(true);
  });

  test("a cancelled delay does not fire, in its first stretch or a later one", () => {
    let fired = false;
    const cancel = systemClock.after(30 * DAY_MS, () => (fired = true));
    jest.advanceTimersByTime(26 * DAY_MS);
    cancel();
    jest.advanceTimersByTime(10 * DAY_MS);
    expect(fired).toBe(false);
  });
});
