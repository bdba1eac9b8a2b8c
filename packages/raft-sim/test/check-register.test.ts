import { describe, expect, test } from "@jest/globals";
import { checkRegister, type RegisterOperation } from "../src/index.ts";
import { Random } from "../src/random.ts";

const write = (value: number, startedAt: number, endedAt: number): RegisterOperation => ({
  kind: "write",
  value,
  startedAt,
  endedAt,
});
const read = (value: number, startedAt: number, endedAt: number): RegisterOperation => ({
  kind: "read",
  value,
  startedAt,
  endedAt,
});

/** Tries every order that respects real time; unknown writes may be left out. */
function hasOrder(left: readonly RegisterOperation[], value: number): boolean {
  if (left.every(({ endedAt }) => endedAt === Infinity)) return true;
  const firstEnd = Math.min(...left.map(({ endedAt }) => endedAt));
  return left.some((next) => {
    if (next.startedAt > firstEnd || (next.kind === "read" && next.value !== value)) return false;
    return hasOrder(
      left.filter((each) => each !== next),
      next.value,
    );
  });
}

function randomHistory(random: Random): RegisterOperation[] {
  const instants = Array.from({ length: 14 }, (_, at) => at + 1);
  const take = (): number => instants.splice(random.below(instants.length), 1)[0] ?? 0;
  let written = 0;
  return Array.from({ length: 3 + random.below(4) }, () => {
    const [a, b] = [take(), take()];
    const [startedAt, endedAt] = [Math.min(a, b), Math.max(a, b)];
    if (random.chance(0.5)) return read(random.below(4), startedAt, endedAt);
    return write((written += 1), startedAt, random.chance(0.2) ? Infinity : endedAt);
  });
}

describe("known bad histories are refused", () => {
  test.each([
    ["a stale read after an acknowledged write", [write(1, 1, 2), read(0, 3, 4)]],
    ["a read that goes back", [write(1, 1, 10), read(1, 2, 3), read(0, 4, 5)]],
    [
      "two readers that see two writes in different orders",
      [write(1, 1, 20), write(2, 2, 21), read(1, 3, 4), read(2, 5, 6), read(1, 7, 8)],
    ],
    ["a value nobody wrote", [write(1, 1, 2), read(7, 3, 4)]],
    ["a value read before it was written", [read(1, 1, 2), write(1, 3, 4)]],
    ["an acknowledged write that is lost", [write(1, 1, 2), write(2, 3, 4), read(1, 5, 6)]],
    [
      "an unknown write that comes, goes and comes back",
      [write(1, 1, Infinity), read(1, 2, 3), write(2, 4, 5), read(1, 6, 7)],
    ],
  ])("%s", (_what, history) => {
    expect(checkRegister(history)).toBeDefined();
    expect(hasOrder(history, 0)).toBe(false);
  });
});

describe("good histories are accepted", () => {
  test.each([
    ["an empty one", []],
    ["a read of either value while a write is under way", [write(1, 1, 10), read(0, 2, 3), read(1, 4, 5)]],
    ["a write of unknown outcome that is never seen", [write(1, 1, Infinity), read(0, 2, 3)]],
    [
      "a write of unknown outcome that is seen much later",
      [write(1, 1, Infinity), read(0, 2, 3), write(2, 4, 5), read(2, 6, 7), read(1, 8, 9)],
    ],
  ])("%s", (_what, history) => {
    expect(checkRegister(history)).toBeUndefined();
  });
});

test("it agrees with trying every order, on thousands of small histories", () => {
  const random = new Random(11);
  let good = 0;
  for (let count = 0; count < 5_000; count += 1) {
    const history = randomHistory(random);
    const isGood = hasOrder(history, 0);
    if (isGood) good += 1;
    expect({ history, isGood: checkRegister(history) === undefined }).toEqual({ history, isGood });
  }
  expect(good).toBeGreaterThan(300);
  expect(good).toBeLessThan(4_700);
});
