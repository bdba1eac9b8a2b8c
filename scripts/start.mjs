/**
 * `npm start`: installs, builds, and runs a secured three-node cluster on this machine with real jobs, until Ctrl-C. With `-- --exit`
 * it kills the leader on the way, checks every promise against ledgers outside the cluster, and ends by itself.
 */
import { build } from "./lib/prepare.mjs";

await build();

// What was just built; it does not exist before.
const { runDemo } = await import("./demo/demo.mjs");
process.exitCode = await runDemo({ exit: process.argv.includes("--exit") });
