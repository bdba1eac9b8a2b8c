/**
 * `node benchmarks/raft/peers/tune.mjs`: each peer under several settings, in turns, so that it is measured at its best elsewhere.
 * Names of peers measure only these; `--rounds 3`, `--seconds 5`.
 */
import { parseArgs } from "node:util";
import { median, table } from "../statistics.mjs";
import { etcdGoClientMissing, etcdMissing, measureEtcd } from "./etcd.mjs";
import { hashicorpMissing, measureHashicorp } from "./hashicorp.mjs";

const peers = {
  hashicorp: {
    missing: hashicorpMissing,
    measure: measureHashicorp,
    inFlight: [1, 64, 256],
    settings: [
      { maxAppendEntries: 64, cacheEntries: 0 },
      { maxAppendEntries: 64, cacheEntries: 512 },
      { maxAppendEntries: 256, cacheEntries: 512 },
      { maxAppendEntries: 256, cacheEntries: 4_096 },
      { maxAppendEntries: 1_024, cacheEntries: 4_096 },
    ],
  },
  etcd: {
    missing: () => etcdMissing() ?? etcdGoClientMissing(),
    measure: measureEtcd,
    inFlight: [1, 256],
    settings: [
      { client: "node", clients: 1, channels: 1 },
      { client: "node", clients: 1, channels: 4 },
      { client: "node", clients: 2, channels: 1 },
      { client: "node", clients: 2, channels: 4 },
      { client: "node", clients: 3, channels: 1 },
      { client: "go", clients: 1, channels: 1 },
      { client: "go", clients: 1, channels: 4 },
    ],
  },
};

async function tune({ measure, inFlight, settings }, rounds, seconds) {
  const samples = settings.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const [at, setting] of settings.entries())
      samples[at].push(await measure({ inFlight, seconds, ...setting }));
  }
  return settings.flatMap((setting, at) =>
    inFlight.map((count, n) => {
      const of = (name) => median(samples[at].map((figures) => figures[n][name]));
      return [JSON.stringify(setting), String(count), of("perSecond"), of("p50Ms"), of("p99Ms")];
    }),
  );
}

const { values, positionals } = parseArgs({
  options: { rounds: { type: "string", default: "3" }, seconds: { type: "string", default: "5" } },
  allowPositionals: true,
});
for (const name of positionals.length > 0 ? positionals : Object.keys(peers)) {
  const missing = peers[name].missing();
  if (missing !== undefined) {
    console.warn(missing);
    continue;
  }
  const rows = await tune(peers[name], Number(values.rounds), Number(values.seconds));
  console.log(
    `${name}, medians of ${values.rounds}:\n\n${table(["settings", "in flight", "per second", "p50 ms", "p99 ms"], rows)}\n`,
  );
}
