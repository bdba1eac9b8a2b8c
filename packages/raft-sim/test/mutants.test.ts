import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { CORE_MUTANTS } from "./mutants/core-mutants.ts";
import { DRIVER_MUTANTS } from "./mutants/driver-mutants.ts";
import { hunt } from "./mutants/hunt.ts";
import type { Mutant } from "./mutants/mutant.ts";
import { MutantWorkshop } from "./mutants/mutated-core.ts";

/** Within this many seeds every bug must show. */
const MAX_SEEDS = 1000;

let workshop: MutantWorkshop;
beforeAll(() => void (workshop = new MutantWorkshop()));
afterAll(() => workshop.close());

describe("each of these bugs would be noticed", () => {
  const mutants: readonly Mutant[] = [...CORE_MUTANTS, ...DRIVER_MUTANTS];
  test.each(mutants)("$name: $bug", async (mutant) => {
    const engine = "engine" in mutant ? mutant.engine : await workshop.engineOf(mutant);
    const caught = hunt(engine, MAX_SEEDS);
    console.log(mutant.name, caught);
    expect(caught).toBeDefined();
  }, 60_000);
});
