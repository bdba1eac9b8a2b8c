/**
 * `node benchmarks/raft/core-only.mjs`: commits per second of three Raft cores in one process, without disk and network, beside
 * @coaty/consensus.raft in the same run. `--runs 5`, `--seconds 1` for each, `--json`. About three minutes.
 */
import { execFile } from "node:child_process";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import { installCoaty } from "./peers/coaty.mjs";
import { shown, spread, table } from "./statistics.mjs";

const program = fileURLToPath(new URL("cores/measure-run.mjs", import.meta.url));
const ours = { name: "coxswain", module: "./coxswain.mjs", payload: "createPayload" };
const peerText = { name: "coaty, text", module: "../peers/coaty.mjs", payload: "createTextPayload" };
const peerBytes = { name: "coaty, bytes", module: "../peers/coaty.mjs", payload: "createPayload" };
const sides = [ours, peerText, peerBytes];

/** `turn`: the ready is taken once after all that came in a turn, as a driver does; otherwise after every single call. */
const scenes = [
  { group: 1, inFlight: 1, turn: false },
  { group: 1, inFlight: 256, turn: false },
  { group: 1, inFlight: 256, turn: true },
  { group: 16, inFlight: 256, turn: false },
  { group: 256, inFlight: 256, turn: false },
];

async function run(side, scene, seconds) {
  const { stdout } = await promisify(execFile)(process.execPath, [
    program,
    JSON.stringify({ side, scene, seconds }),
  ]);
  return JSON.parse(stdout);
}

/** The sides take turns, so that what else the machine does meets them all. */
async function compare(scene, runs, seconds) {
  const figures = sides.map(() => []);
  for (let n = 0; n < runs; n++) {
    for (const [at, side] of sides.entries()) figures[at].push(await run(side, scene, seconds));
  }
  return sides.map((side, at) => {
    const of = (name) => spread(figures[at].map((figure) => figure[name]));
    return { side: side.name, ...scene, perSecond: of("perSecond"), perCpuSecond: of("perCpuSecond") };
  });
}

const HEADS = [
  "group",
  "in flight",
  "ready after",
  "side",
  "commits/s",
  "min",
  "max",
  "per CPU second",
  "coxswain is x times",
  "by CPU",
];

function rowsOf([own, ...peers]) {
  const row = ({ side, group, inFlight, turn, perSecond, perCpuSecond }, ...ratios) => {
    const scene = [String(group), String(inFlight), turn ? "a turn" : "a call", side];
    return [...scene, perSecond.median, perSecond.min, perSecond.max, perCpuSecond.median, ...ratios];
  };
  const ratio = (peer, name) => own[name].median / peer[name].median;
  return [row(own), ...peers.map((peer) => row(peer, ratio(peer, "perSecond"), ratio(peer, "perCpuSecond")))];
}

/** The same work, however each side likes it best: 256 in flight. */
function bestOf({ name }, results) {
  const own = results.flat().filter((result) => result.side === name && result.inFlight === 256);
  return Math.max(...own.map((result) => result.perSecond.median));
}

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "5" },
    seconds: { type: "string", default: "1" },
    json: { type: "boolean", default: false },
  },
});
await installCoaty();
console.log(
  `Node ${process.version}, ${cpus().length} cores (${cpus()[0]?.model}); ${values.runs} runs each, in turns; 256 B.\n`,
);

const results = [];
for (const scene of scenes) results.push(await compare(scene, Number(values.runs), Number(values.seconds)));
console.log(table(HEADS, results.flatMap(rowsOf)));
const best = sides.map((side) => `${side.name} ${shown(bestOf(side, results))}/s`);
console.log(`\nThe best of each at 256 in flight: ${best.join(", ")}.`);
if (values.json) console.log(JSON.stringify(results.flat(), null, 2));
