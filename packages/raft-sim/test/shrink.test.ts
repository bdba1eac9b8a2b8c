import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type EngineFactory, shrink, simulate } from "../src/index.ts";
import { CORE_MUTANTS } from "./mutants/core-mutants.ts";
import { hunt } from "./mutants/hunt.ts";
import { MutantWorkshop } from "./mutants/mutated-core.ts";

let workshop: MutantWorkshop;
let engine: EngineFactory;
beforeAll(async () => {
  workshop = new MutantWorkshop();
  const mutant = CORE_MUTANTS.find(({ name }) => name === "votes-for-any-log");
  if (mutant === undefined) throw new Error("the mutant was renamed");
  engine = await workshop.engineOf(mutant);
});
afterAll(() => workshop.close());

describe("a failing run is made smaller", () => {
  test("it breaks the same promise with fewer kinds of faults, and can be repeated", () => {
    const seed = hunt({ engine }, 1000)?.seeds ?? 0;
    const small = shrink({ seed, engine });
    expect(small.failure.violation.invariant).toBe("leaderCompleteness");
    expect(small.options.without?.size).toBeGreaterThan(5);
    expect(small.options.steps).toBeLessThanOrEqual(3_000);
    expect(small.trace.length).toBeGreaterThan(0);
    expect(() => simulate(small.options)).toThrow(small.failure.message);
  });

  test("each fault that is left is needed", () => {
    const seed = hunt({ engine }, 1000)?.seeds ?? 0;
    const { options, failure } = shrink({ seed, engine });
    for (const fault of failure.faults) {
      const skippedFaults = new Set(options.skippedFaults).add(fault);
      // A fault that is left is one that this failure needs.
      expect(() => simulate({ ...options, skippedFaults })).not.toThrow(/leaderCompleteness/);
    }
  });

  test("a run that does not fail is refused", () => {
    expect(() => shrink({ seed: 1, steps: 50 })).toThrow(/Seed 1 does not fail/);
  });
});
