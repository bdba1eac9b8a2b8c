/**
 * `npm run sim -- --seeds 2000 --seed 1 --jobs 2`: simulated Raft clusters under faults, seed after seed. Prints seeds per second and, when a promise is
 * broken, the seed and a trace made as small as can be. See packages/raft-sim/README.md.
 */
import { bin, run } from "./lib/run.mjs";
import { install } from "./lib/prepare.mjs";

await install();
await run(bin("tsc"), ["-b", "packages/raft-sim"]);
await import("../packages/raft-sim/bin/raft-sim.mjs");
