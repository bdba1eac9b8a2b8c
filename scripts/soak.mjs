/**
 * `npm run soak -- --minutes 10 --seed 7`: kills nodes at random while jobs run, then checks every promise. Prints its seed; the same seed kills the
 * same nodes after the same pauses.
 */
import { parseArgs } from "node:util";
import { build } from "./lib/prepare.mjs";

const { values } = parseArgs({
  options: { minutes: { type: "string", default: "10" }, seed: { type: "string", default: String(Date.now() % 2 ** 32) } },
});
await build();
const { soak } = await import("./lib/soak.mjs");
process.exitCode = await soak({ minutes: Number(values.minutes), seed: Number(values.seed) });
