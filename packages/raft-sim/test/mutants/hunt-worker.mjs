/** Hunts one mutant on the built simulator, in a thread: a test runner's sandbox would slow it down tenfold. */
import { parentPort, workerData } from "node:worker_threads";
import { simulate, SimulationError } from "../../dist/index.js";

const { coreUrl, maxSeeds } = workerData;
const { Raft } = await import(coreUrl);
const engine = (config, persisted, random) => new Raft(config, persisted, random);

function hunt() {
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

parentPort.postMessage(hunt());
