/**
 * `node benchmarks/raft/core-only.mjs`: commits per second of three Raft cores in one process, without disk and network, beside
 * @coaty/consensus.raft in the same run. `--runs 5`, `--seconds 1` for each, `--json`. About two minutes.
 */
import { once } from "node:events";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { installCoaty } from "./peers/coaty.mjs";
import { shown, spread, table } from "./statistics.mjs";

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
  const worker = new Worker(new URL("./cores/measure-run.mjs", import.meta.url), {
    workerData: { side, scene, seconds },
  });
  const [perSecond] = await once(worker, "message");
  await once(worker, "exit");
  return perSecond;
}

/** The sides take turns, so that what else the machine does meets them all. */
async function compare(scene, runs, seconds) {
  const figures = new Map(sides.map((side) => [side, []]));
  for (let n = 0; n < runs; n++) {
    for (const side of sides) figures.get(side).push(await run(side, scene, seconds));
  }
  return sides.map((side) => ({ side: side.name, ...scene, perSecond: spread(figures.get(side)) }));
}

const row = ({ side, group, inFlight, turn, perSecond }, ratio) => [
  String(group),
  String(inFlight),
  turn ? "a turn" : "a call",
  side,
  perSecond.median,
  perSecond.min,
  perSecond.max,
  ratio,
];

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "5" },
    seconds: { type: "string", default: "1" },
    json: { type: "boolean", default: false },
  },
});
await installCoaty();
console.log(
  `Node ${process.version}, ${cpus().length} cores (${cpus()[0]?.model}); ${values.runs} runs each, in turns, 256 B.\n`,
);

const results = [];
for (const scene of scenes) {
  const [own, ...peers] = await compare(scene, Number(values.runs), Number(values.seconds));
  results.push(own, ...peers);
  const ratios = peers.map(
    (peer) => `${shown(own.perSecond.median / peer.perSecond.median)} times ${peer.side}`,
  );
  console.error(
    `group ${scene.group}, ${scene.inFlight} in flight: ${shown(own.perSecond.median)}/s, ${ratios.join(", ")}`,
  );
}
const rows = results.map((result, at) => {
  const own = results[at - (at % sides.length)];
  return row(result, own === result ? "" : own.perSecond.median / result.perSecond.median);
});
console.log(
  `\n${table(["group", "in flight", "ready after", "side", "commits/s", "min", "max", "coxswain is x times"], rows)}`,
);

/** The same work, however each side likes it best: 256 in flight. */
const best = (side) =>
  Math.max(
    ...results
      .filter((result) => result.side === side && result.inFlight === 256)
      .map((result) => result.perSecond.median),
  );
console.log(
  `\nBest of each at 256 in flight: ${sides.map(({ name }) => `${name} ${shown(best(name))}/s`).join(", ")}.`,
);
if (values.json) console.log(JSON.stringify(results, null, 2));
