import { expect, test } from "@jest/globals";
import { type PowerCut, Simulation, simulate } from "../src/index.ts";

const STEPS = 700;
/** Worlds with compaction, snapshots or elections in them; chosen for that, kept for being deterministic. */
const SEEDS = [3, 8, 21];
const CUTS: readonly PowerCut[] = ["before", "torn", "after"];

/** How often node 1 calls its storage before its first crash. */
function storageCalls(seed: number): number {
  const without = new Set(["crashes", "storageCrashes", "bitFlips"] as const);
  const simulation = new Simulation({ seed, without });
  simulation.run(STEPS);
  return simulation.cluster.node(1)?.storageCalls ?? 0;
}

test.each(SEEDS)(
  "power may fail at every storage call, before, in the middle of and after it (seed %i)",
  (seed) => {
    const without = new Set(["crashes", "storageCrashes", "bitFlips"] as const);
    const calls = storageCalls(seed);
    expect(calls).toBeGreaterThan(20);
    for (let call = 1; call <= calls; call += 1) {
      for (const cut of CUTS) {
        const { counters } = simulate({ seed, steps: STEPS, without, powerCut: { node: 1, call, cut } });
        expect(counters.storageCrashes).toBeLessThanOrEqual(1);
      }
    }
  },
);
