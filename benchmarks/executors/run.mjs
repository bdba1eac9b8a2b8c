/**
 * From start to exit of `echo hello`: each executor beside the bare tools, in turns, in one run.
 *
 *   node benchmarks/executors/run.mjs --kinds process,docker,webhook --rounds 30 --json
 */
import { parseArgs } from "node:util";
import { build } from "../../scripts/lib/prepare.mjs";
import { median } from "../measure.mjs";

const PARALLEL = 8;
const KINDS = ["process", "docker", "webhook"];

const { values } = parseArgs({
  options: { kinds: { type: "string", default: KINDS.join() }, rounds: { type: "string", default: "30" }, json: { type: "boolean", default: false } },
});
const rounds = Number(values.rounds);

await build();
const figures = [];
for (const kind of values.kinds.split(",").filter((name) => KINDS.includes(name))) {
  const { open } = await import(`./${kind}.mjs`);
  const field = await open();
  if (field.missing !== undefined) {
    console.error(`${kind}: not measured, needs ${field.missing}`);
    continue;
  }
  try {
    figures.push(...(await measure(kind, field.contestants)));
  } finally {
    await field.close();
  }
}
if (values.json) console.log(JSON.stringify(figures, null, 2));
else print(figures);

/** Serial runs take turns, so that a noisy moment meets all alike; so do the bursts of parallel ones. */
async function measure(kind, contestants) {
  for (const { run } of contestants) await run();
  const serial = new Map(contestants.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const { name, run, settle } of contestants) {
      serial.get(name).push(await timed(run));
      await settle?.();
    }
  }
  const bursts = new Map(contestants.map(({ name }) => [name, []]));
  for (let burst = 0; burst < Math.ceil(rounds / PARALLEL); burst += 1) {
    for (const { name, run, settle } of contestants) {
      bursts.get(name).push(...(await Promise.all(Array.from({ length: PARALLEL }, () => timed(run)))));
      await settle?.();
    }
  }
  return contestants.map(({ name, beside }) => {
    const [serialMs, parallelMs] = [serial, bursts].map((times) => median(times.get(name)));
    if (beside === undefined) return { kind, name, serialMs, parallelMs };
    const more = median(serial.get(name).map((ms, i) => ms - serial.get(beside)[i]));
    const ratios = [serial, bursts].map((times) => median(times.get(name)) / median(times.get(beside)));
    return { kind, name, beside, serialMs, serialRatio: ratios[0], pairwiseMoreMs: more, parallelMs, parallelRatio: ratios[1] };
  });
}

async function timed(run) {
  const beginMs = performance.now();
  // What a contestant does after the exit is not for it to be charged with: it may give the moment itself.
  const endMs = (await run()) ?? performance.now();
  return endMs - beginMs;
}

function print(rows) {
  const number = (value, digits) => (value === undefined ? "" : value.toFixed(digits));
  const header = ["executor", "what", "serial ms", "ratio", "pairwise ms more", `${PARALLEL} in parallel, ms`, "ratio"];
  const lines = rows.map(({ kind, name, beside, ...row }) => [
    kind,
    beside === undefined ? name : `${name} (beside ${beside})`,
    number(row.serialMs, 1),
    number(row.serialRatio, 2),
    number(row.pairwiseMoreMs, 1),
    number(row.parallelMs, 1),
    number(row.parallelRatio, 2),
  ]);
  for (const line of [header, header.map(() => "---"), ...lines]) console.log(`| ${line.join(" | ")} |`);
}
