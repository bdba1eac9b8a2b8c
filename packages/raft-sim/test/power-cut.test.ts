import { expect, test } from "@jest/globals";
import { type PowerCut, Simulation, simulate } from "../src/index.ts";

const STEPS = 700;
const CUTS: readonly PowerCut[] = ["before", "torn", "after"];
/** What would move the calls: then the cut would come at another. */
const WITHOUT = new Set(["crashes", "storageCrashes", "bitFlips", "stateLoss", "diskLoss"] as const);

/** A node that does all there is to do with a disk: appends, compacts, and installs a snapshot, in two steps. */
interface World {
  readonly seed: number;
  readonly node: number;
  readonly calls: number;
}

/** Worlds of the first seeds, until there are `count`. */
function worldsWithEveryCall(count: number): World[] {
  const worlds: World[] = [];
  for (let seed = 1; seed < 1_000 && worlds.length < count; seed += 1) {
    const simulation = new Simulation({ seed, without: WITHOUT });
    simulation.run(STEPS);
    for (const { id, storageCalls } of simulation.cluster.nodes.values()) {
      const isAll = new Set(storageCalls).size === 4 && storageCalls.length > 15;
      if (isAll) worlds.push({ seed, node: id, calls: storageCalls.length });
    }
  }
  return worlds;
}

test("power may fail at every storage call, before, in the middle of and after it: also between state and log", () => {
  const worlds = worldsWithEveryCall(3);
  expect(worlds.length).toBeGreaterThanOrEqual(3);
  let cuts = 0;
  for (const { seed, node, calls } of worlds) {
    for (let call = 1; call <= calls; call += 1) {
      for (const cut of CUTS) {
        const { counters } = simulate({
          seed,
          steps: STEPS,
          without: WITHOUT,
          powerCut: { node, call, cut },
        });
        cuts += counters.storageCrashes;
      }
    }
  }
  // All but those of the last calls, which belong to the recovery.
  const calls = worlds.reduce((sum, world) => sum + world.calls, 0);
  expect(cuts).toBeGreaterThan(0.7 * CUTS.length * calls);
}, 60_000);
