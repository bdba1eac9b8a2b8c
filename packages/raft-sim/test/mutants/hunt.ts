import { type EngineFactory, simulate, SimulationError } from "../../src/index.ts";

/** How a mutant was caught. */
export interface Catch {
  /** Seeds it took, the one that caught it included. */
  readonly seeds: number;
  /** The promise found broken, or the scenario. */
  readonly by: string;
}

/** Runs seed after seed until one fails; undefined if none of `maxSeeds` does. */
export function hunt(engine: EngineFactory, maxSeeds: number): Catch | undefined {
  for (let seed = 1; seed <= maxSeeds; seed += 1) {
    try {
      simulate({ seed, engine });
    } catch (error) {
      if (!(error instanceof SimulationError)) throw error;
      return { seeds: seed, by: `\`${error.violation.invariant}\`` };
    }
  }
  return undefined;
}
