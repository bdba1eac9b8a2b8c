import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { raftEngine } from "../src/index.ts";
import { CORE_MUTANTS } from "./mutants/core-mutants.ts";
import { DRIVER_MUTANTS } from "./mutants/driver-mutants.ts";
import { type Catch, hunt, huntInThread } from "./mutants/hunt.ts";
import { LEASE_CLOCK_MUTANTS, LEASE_CORE_MUTANTS } from "./mutants/lease-mutants.ts";
import type { Mutant } from "./mutants/mutant.ts";
import { OPERATOR_MUTANTS } from "./mutants/operator-mutants.ts";
import { MutantWorkshop } from "./mutants/mutated-core.ts";
import { proofPage } from "./mutants/proof-page.ts";

/** Within this many seeds every bug must show. */
const MAX_SEEDS = 1000;
const PAGE = fileURLToPath(new URL("../../../docs/reference/raft-proof.md", import.meta.url));
const SOURCE_MUTANTS = [...CORE_MUTANTS, ...LEASE_CORE_MUTANTS];
const MUTANTS: readonly Mutant[] = [
  ...SOURCE_MUTANTS,
  ...DRIVER_MUTANTS,
  ...LEASE_CLOCK_MUTANTS,
  ...OPERATOR_MUTANTS,
];

const catches = new Map<Mutant, Catch>();
let workshop: MutantWorkshop;
beforeAll(() => void (workshop = new MutantWorkshop()));
afterAll(() => workshop.close());

function huntOf(mutant: Mutant): Promise<Catch | undefined> {
  if ("find" in mutant) return huntInThread(workshop.urlOf(mutant), MAX_SEEDS);
  const world = "world" in mutant ? mutant.world : { engine: mutant.engine };
  return Promise.resolve(hunt(world, MAX_SEEDS));
}

describe("each of these bugs is noticed", () => {
  test.each(MUTANTS)(
    "$name: $bug",
    async (mutant) => {
      const engine = "find" in mutant ? await workshop.engineOf(mutant) : undefined;
      const scenario = "find" in mutant ? mutant.scenario : undefined;
      if (engine !== undefined && scenario !== undefined) expect(() => scenario(engine)).toThrow();
      const inScenario = scenario === undefined ? undefined : { seeds: 0, by: `scenario ${scenario.name}` };
      const caught = (await huntOf(mutant)) ?? inScenario;
      expect(caught).toBeDefined();
      if (caught !== undefined) catches.set(mutant, caught);
    },
    120_000,
  );
});

test("the real core passes the scenarios", () => {
  for (const { scenario } of SOURCE_MUTANTS) scenario?.(raftEngine);
});

// COX_WRITE_PROOF=1 writes the page. How many seeds it takes moves with every change of the core, so that is not compared.
test("docs/reference/raft-proof.md names every bug and what catches it", () => {
  if (process.env["COX_WRITE_PROOF"] === "1") writeFileSync(PAGE, proofPage(catches, MAX_SEEDS));
  const page = readFileSync(PAGE, "utf8");
  const named = [...page.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, name]) => name);
  expect(named).toEqual(MUTANTS.map(({ name }) => name));
});
