/**
 * `npm run bench`: figures of a three-node cluster on this machine: real processes, mutual TLS, durable writes. Everything, the load included,
 * shares the machine's cores. `-- --jobs 100000` sets how many jobs the memory figure rests on; `-- --runs 3` how often each throughput is measured.
 */
import { parseArgs } from "node:util";
import { build } from "../scripts/lib/prepare.mjs";

await build();
const { benchCluster } = await import("./cluster.mjs");

const { values } = parseArgs({
  options: { jobs: { type: "string", default: "100000" }, runs: { type: "string", default: "3" }, json: { type: "boolean", default: false } },
});
const figures = await benchCluster({ jobs: Number(values.jobs), runs: Number(values.runs) });
if (values.json) console.log(JSON.stringify(figures, null, 2));
