import { expect, test } from "@jest/globals";
import { Backoff } from "../src/backoff.ts";

test("waits double up to a second", () => {
  const backoff = new Backoff(() => 1);
  expect(Array.from({ length: 8 }, () => backoff.nextMs())).toEqual([50, 100, 200, 400, 800, 1_000, 1_000, 1_000]);
});

test("waits are spread over the upper half of their bound", () => {
  expect(new Backoff(() => 0).nextMs()).toBe(25);
  expect(new Backoff(() => 0.5).nextMs()).toBe(37.5);
});

test("waits begin anew after a success", () => {
  const backoff = new Backoff(() => 1);
  for (let failure = 0; failure < 5; failure++) backoff.nextMs();
  backoff.reset();
  expect(backoff.nextMs()).toBe(50);
});
