import { describe, expect, test } from "@jest/globals";
import { FAULT_CLASSES, type FaultClass, profileOf } from "../src/index.ts";
import { FaultPlan } from "../src/faults/fault-plan.ts";
import { TICK_US } from "../src/faults/profile.ts";

const SEEDS = Array.from({ length: 300 }, (_, at) => at);

describe("the world of a seed", () => {
  test("has three to seven nodes; every size and every class of faults occurs", () => {
    const profiles = SEEDS.map((seed) => profileOf(seed));
    expect([...new Set(profiles.map(({ nodes }) => nodes))].sort()).toEqual([3, 4, 5, 6, 7]);
    for (const each of FAULT_CLASSES) {
      const count = profiles.filter(({ enabled }) => enabled.has(each)).length;
      expect({ each, some: count > 30, all: count === SEEDS.length }).toEqual({
        each,
        some: true,
        all: false,
      });
    }
  });

  test("changes in nothing else when a class is left out", () => {
    const seed = SEEDS.find((each) => profileOf(each).enabled.has("loss")) ?? 0;
    const whole = profileOf(seed);
    const without = profileOf(seed, new Set<FaultClass>(["loss"]));
    expect({ ...without, enabled: whole.enabled }).toEqual({ ...whole, lossChance: 0 });
  });

  test("keeps its plan of faults when one is left out", () => {
    const profile = profileOf(SEEDS.find((each) => profileOf(each).enabled.has("crashes")) ?? 0);
    const whole = new FaultPlan(9, profile, new Set());
    const [first, second, third] = [whole.next(), whole.next(), whole.next()];
    const skipping = new FaultPlan(9, profile, new Set([second?.number ?? 0]));
    expect([skipping.next(), skipping.next()]).toEqual([first, third]);
  });

  test("lets no lease outlast the promise of the voter whose clock is fastest, by the slowest clock of a leader", () => {
    const leased = SEEDS.map((seed) => profileOf(seed)).filter(({ leaseUs }) => leaseUs > 0);
    expect(leased.length).toBeGreaterThan(100);
    for (const { leaseUs, skew, config } of leased) {
      const shortestPromiseUs = (config.electionTicks - 1) * (TICK_US / skew);
      const longestLeaseUs = leaseUs * skew;
      expect(longestLeaseUs).toBeLessThan(shortestPromiseUs);
      expect(longestLeaseUs).toBeGreaterThan(0.99 * shortestPromiseUs);
      expect(config.checkQuorum).toBe(true);
    }
  });

  test("without any class has no faults at all", () => {
    const profile = profileOf(1, new Set(FAULT_CLASSES));
    expect(new FaultPlan(1, profile, new Set()).next()).toBeUndefined();
    expect(profile.lossChance + profile.duplicateChance + profile.batchChance).toBe(0);
  });
});
