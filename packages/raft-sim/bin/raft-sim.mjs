#!/usr/bin/env node
/** `raft-sim --seeds 2000 [--seed 1] [--steps 3000] [--jobs 2] [--without loss,crashes] [--coverage] [--trace]`: see README.md. */
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { Coverage, FAULT_CLASSES, isFaultClass, shrink, simulate, SimulationError } from "../dist/index.js";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "1000" },
    seed: { type: "string", default: "1" },
    steps: { type: "string", default: "3000" },
    jobs: { type: "string", default: String(Math.min(2, availableParallelism())) },
    without: { type: "string", default: "" },
    skip: { type: "string", default: "" },
    coverage: { type: "boolean", default: false },
    trace: { type: "boolean", default: false },
  },
});

function number(name, least) {
  const value = Number(values[name]);
  if (Number.isSafeInteger(value) && value >= least) return value;
  console.error(`--${name} ${values[name]}: give a whole number of at least ${least}.`);
  process.exit(2);
}

const list = (text) => text.split(",").filter((each) => each !== "");
const without = list(values.without);
const unknown = without.find((each) => !isFaultClass(each));
if (unknown !== undefined) {
  console.error(`--without ${unknown}: there is ${FAULT_CLASSES.join(", ")}.`);
  process.exit(2);
}
const seeds = number("seeds", 1);
const first = number("seed", 0);
const steps = number("steps", 1);
const jobs = Math.min(number("jobs", 1), seeds);
const skippedFaults = list(values.skip).map(Number);

/** Prints one run, step by step. */
function trace() {
  try {
    const options = { seed: first, steps, without: new Set(without), skippedFaults: new Set(skippedFaults) };
    console.log(simulate({ ...options, trace: (line) => console.log(line) }));
  } catch (error) {
    if (!(error instanceof SimulationError)) throw error;
    console.log(error.message);
    process.exitCode = 1;
  }
}

/** Every `jobs`th seed from `offset` on, in a thread; resolves with the seeds that failed and what the others did. */
function search(offset, report) {
  const workerData = { first: first + offset, every: jobs, end: first + seeds, steps, without };
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("worker.mjs", import.meta.url), { workerData });
    const result = { failed: [], steps: 0, digest: 0, coverage: undefined };
    worker.on("message", (message) => {
      result.steps += message.steps;
      result.digest = (result.digest + message.digest) >>> 0;
      result.coverage = message.coverage;
      if (message.failure !== undefined) result.failed.push(message.failure);
      report(message.runs);
    });
    worker.on("error", reject);
    worker.on("exit", () => resolve(result));
  });
}

/** The smallest failing run, as text and as the command that repeats it. */
function explain({ seed, message }) {
  console.log(`\n${message}\nshrinking ...`);
  const small = shrink({ seed, steps, without: new Set(without) });
  const { options, failure } = small;
  const left = FAULT_CLASSES.filter((each) => !options.without?.has(each));
  console.log(`${small.trace.join("\n")}\n${failure.message}`);
  console.log(`needs only: ${left.join(", ") || "no faults"} (${small.runs} runs)`);
  const flags = [`--seed ${seed}`, `--steps ${options.steps ?? steps}`];
  if (options.without?.size > 0) flags.push(`--without ${[...options.without].join(",")}`);
  if (options.skippedFaults?.size > 0) flags.push(`--skip ${[...options.skippedFaults].join(",")}`);
  console.log(`repeat with: npm run sim -- ${flags.join(" ")} --trace`);
}

if (values.trace) {
  trace();
} else {
  const startedAt = performance.now();
  const seconds = () => (performance.now() - startedAt) / 1000;
  let done = 0;
  let shownAt = 0;
  const report = (runs) => {
    done += runs;
    if (seconds() - shownAt < 10) return;
    shownAt = seconds();
    console.log(`${done} of ${seeds} seeds, ${(done / seconds()).toFixed(0)} seeds/s`);
  };
  const results = await Promise.all(Array.from({ length: jobs }, (_, offset) => search(offset, report)));
  const failed = results.flatMap((result) => result.failed).sort((a, b) => a.seed - b.seed);
  const taken = results.reduce((sum, result) => sum + result.steps, 0);
  // The same however many threads share the seeds: a sum over seeds, each with its number mixed in.
  const digest = results.reduce((sum, result) => (sum + result.digest) >>> 0, 0);
  const coverage = new Coverage();
  for (const result of results) coverage.merge(result.coverage);
  if (values.coverage) console.log(`${coverage}\n`);
  else if (coverage.missing().length > 0) console.log(`never happened: ${coverage.missing().join(", ")}`);
  console.log(
    `${seeds} seeds from ${first}, ${taken} steps in ${seconds().toFixed(1)} s on ${jobs} threads: ` +
      `${(seeds / seconds()).toFixed(0)} seeds/s, ${Math.round(taken / seconds())} steps/s; ` +
      `digest ${digest.toString(16).padStart(8, "0")}; ${failed.length} failed`,
  );
  if (failed[0] !== undefined) {
    explain(failed[0]);
    if (failed.length > 1)
      console.log(
        `also failed: ${failed
          .slice(1, 20)
          .map(({ seed }) => seed)
          .join(", ")}`,
      );
    process.exitCode = 1;
  }
}
