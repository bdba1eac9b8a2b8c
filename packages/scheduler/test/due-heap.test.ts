import { expect, test } from "@jest/globals";
import { DueHeap, dueKey } from "../src/due-heap.ts";

const SEED = Number(process.env["HEAP_SEED"] ?? Math.floor(Math.random() * 2 ** 31));

test(`items come out in the order of their instants, however they went in (HEAP_SEED=${SEED})`, () => {
  let state = SEED;
  const random = (): number => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32;
  const heap = new DueHeap();
  const kept: number[] = [];
  for (let step = 0; step < 5_000; step++) {
    if (random() < 0.6) {
      const readyAtMs = Math.floor(random() * 1_000);
      heap.push({ key: "", item: { kind: "retry", atMs: 0, executionId: "" }, readyAtMs, failures: 0 });
      kept.push(readyAtMs);
    } else {
      kept.sort((a, b) => a - b);
      expect(heap.pop()?.readyAtMs).toBe(kept.shift());
    }
    expect(heap.size).toBe(kept.length);
  }
});

test("keys tell versions and attempts apart", () => {
  const fire = { kind: "fire", atMs: 1, jobId: "j", incarnation: 1, version: 1 } as const;
  const deadline = { kind: "deadline", atMs: 1, executionId: "e", attempt: 1 } as const;
  const keys = [fire, { ...fire, version: 2 }, { ...fire, atMs: 2 }, deadline, { ...deadline, attempt: 2 }].map(dueKey);
  expect(new Set(keys).size).toBe(keys.length);
});
