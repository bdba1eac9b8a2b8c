import { Worker } from "node:worker_threads";
import { simulate, SimulationError, type SimulationOptions } from "../../src/index.ts";

/** How a mutant was caught. */
export interface Catch {
  /** Seeds it took, the one that caught it included. */
  readonly seeds: number;
  /** The promise found broken, or the scenario. */
  readonly by: string;
}

/** Runs seed after seed until one fails; undefined if none of `maxSeeds` does. */
export function hunt(world: Omit<SimulationOptions, "seed">, maxSeeds: number): Catch | undefined {
  for (let seed = 1; seed <= maxSeeds; seed += 1) {
    try {
      simulate({ ...world, seed });
    } catch (error) {
      if (!(error instanceof SimulationError)) throw error;
      return { seeds: seed, by: `\`${error.violation.invariant}\`` };
    }
  }
  return undefined;
}

/** The same for a core in files of its own, on the built simulator and at full speed. */
export function huntInThread(coreUrl: string, maxSeeds: number): Promise<Catch | undefined> {
  const worker = new Worker(new URL("hunt-worker.mjs", import.meta.url), {
    workerData: { coreUrl, maxSeeds },
  });
  return new Promise((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
  });
}
