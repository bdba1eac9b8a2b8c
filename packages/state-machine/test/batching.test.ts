import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { checkConsistency } from "./support/check-consistency.ts";
import { dump } from "./support/dump.ts";
import { Harness } from "./support/harness.ts";
import { seeded, Story } from "./support/random-commands.ts";

const STEPS = 120;
/** Seeds tried, each printed when it fails. `COX_PROPERTY_RUNS=200` looks longer. */
const RUNS = Number(process.env["COX_PROPERTY_RUNS"] ?? 10);

/** Small caches, so that nothing may rely on being remembered. */
const TIGHT = { cacheBytes: 4_000, queueHeadLimit: 5, maxUnwrittenBytes: 2_000 };

async function tell(seed: number): Promise<Harness> {
  const harness = await Harness.open();
  const story = new Story(harness, seed);
  for (let i = 0; i < STEPS; i++) await story.step();
  return harness;
}

async function replay(original: Harness, seed: number, restarts: boolean): Promise<Harness> {
  const random = seeded(seed);
  const twin = await Harness.open(TIGHT);
  for (let at = 0; at < original.entries.length;) {
    const size = 1 + Math.floor(random() * 40);
    await twin.store.apply(original.entries.slice(at, at + size));
    at += size;
    if (restarts && random() < 0.3) await twin.reopen();
  }
  return twin;
}

describe("the state does not depend on where batches begin (G8)", () => {
  test("any batching, with restarts in between and tiny caches, gives a byte-identical database", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), fc.integer(), async (seed, cut) => {
        const original = await tell(seed);
        const expected = await dump(original.store, original.directory);
        for (const restarts of [false, true]) {
          const twin = await replay(original, cut, restarts);
          expect(await dump(twin.store, twin.directory)).toEqual(expected);
          await twin.store.close();
        }
        await original.store.close();
      }),
      { numRuns: RUNS, examples: [[393367933, -3]] },
    );
  });

  test("after every command, indexes, totals and memory follow from the records", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), async (seed) => {
        const harness = await Harness.open(TIGHT);
        const story = new Story(harness, seed);
        for (let i = 0; i < STEPS; i++) {
          await story.step();
          await checkConsistency(harness.store, harness.directory);
          if (i % 40 === 39) await harness.reopen();
        }
        await harness.store.close();
      }),
      { numRuns: RUNS },
    );
  });

  test("results do not depend on batches either", async () => {
    const original = await Harness.open();
    const story = new Story(original, 42);
    for (let i = 0; i < STEPS; i++) await story.step();
    const [one, other] = [await Harness.open(TIGHT), await Harness.open()];
    const single: unknown[] = [];
    for (const entry of original.entries) single.push(...(await one.store.apply([entry])));
    expect(await other.store.apply(original.entries)).toEqual(single);
  });
});
