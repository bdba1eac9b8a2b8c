/** One thread of raft-sim: runs its share of the seeds and tells how they went. */
import { parentPort, workerData } from "node:worker_threads";
import { simulate, SimulationError } from "../dist/index.js";

const REPORT_EVERY = 50;
const { first, every, end, steps, without } = workerData;
const options = { steps, without: new Set(without) };
let runs = 0;
let taken = 0;

for (let seed = first; seed < end; seed += every) {
  let failure;
  try {
    taken += simulate({ ...options, seed }).counters.steps;
  } catch (error) {
    if (!(error instanceof SimulationError)) throw error;
    failure = { seed, message: error.message };
    taken += error.step;
  }
  runs += 1;
  if (runs < REPORT_EVERY && failure === undefined && seed + every < end) continue;
  parentPort.postMessage({ runs, steps: taken, failure });
  runs = 0;
  taken = 0;
}
