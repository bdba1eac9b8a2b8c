/**
 * The suite that every executor passes. Its test is one call:
 *
 * @example
 * import { test } from "@jest/globals";
 * import { executorSuite } from "@coxswain/executor/suite";
 * executorSuite({ test }, "process", abilities, async () => fixture());
 */
import { Bench } from "./suite/bench.ts";
import { endings } from "./suite/endings.ts";
import { outputs } from "./suite/outputs.ts";
import { refusals } from "./suite/refusals.ts";
import type { ExecutorAbilities, ExecutorFixture, TestFramework } from "./suite/fixture.ts";

export type { ExecutorAbilities, ExecutorFixture, OutputPiece, TestFramework } from "./suite/fixture.ts";

/** One claim of the suite. */
export interface SuiteCase {
  readonly claim: string;
  /** Abilities without which the claim says nothing. */
  readonly needs?: readonly (keyof ExecutorAbilities)[];
  run(bench: Bench): Promise<void>;
}

/**
 * Registers one test for each claim that `abilities` covers. Each runs on a fixture of its
 * own, is followed by a check that nothing is left (attempts, guard targets, handles), and
 * fails with an assertion error.
 *
 * @param name in front of each test's name
 * @param factory makes a fixture
 */
export function executorSuite(
  framework: TestFramework,
  name: string,
  abilities: ExecutorAbilities,
  factory: () => Promise<ExecutorFixture>,
): void {
  for (const { claim, needs, run } of [...endings, ...outputs, ...refusals]) {
    if (needs?.some((ability) => !abilities[ability])) continue;
    framework.test(`${name}: ${claim}`, () => Bench.run(factory, run));
  }
}
