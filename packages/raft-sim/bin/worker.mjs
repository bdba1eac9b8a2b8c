/** One thread of raft-sim: runs its share of the seeds and tells how they went. */
import { parentPort, workerData } from "node:worker_threads";
import { Coverage, simulate, SimulationError } from "../dist/index.js";

const REPORT_EVERY = 50;
const { first, every, end, steps, without } = workerData;
const options = { steps, without: new Set(without) };
let runs = 0;
let taken = 0;
let digest = 0;
const coverage = new Coverage();

for (let seed = first; seed < end; seed += every) {
  let failure;
  try {
    const report = simulate({ ...options, seed });
    taken += report.counters.steps;
    digest = (digest + Math.imul(Number.parseInt(report.digest, 16), 2 * seed + 1)) >>> 0;
    coverage.add(report.counters);
  } catch (error) {
    if (!(error instanceof SimulationError)) throw error;
    failure = { seed, message: error.message };
    taken += error.step;
  }
  runs += 1;
  if (runs < REPORT_EVERY && failure === undefined && seed + every < end) continue;
  parentPort.postMessage({ runs, steps: taken, failure, digest, coverage: coverage.toJSON() });
  runs = 0;
  taken = 0;
  digest = 0;
}
