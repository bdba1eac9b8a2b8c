/**
 * The engine beside its peers, on the same machine, in the same run: rounds of all of them in turn, medians of the rounds.
 *
 *     npm run bench:raft -- [--rounds 3] [--seconds 5] [--warmup 10] [--only "hashicorp|no TLS"] [--directory DIR] [--json]
 */
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { measureCommits, measureCommitsOverGrpc } from "./commits.mjs";
import { etcdGoClientMissing, etcdMissing, measureEtcd } from "./peers/etcd.mjs";
import { hashicorpMissing, measureHashicorp } from "./peers/hashicorp.mjs";
import { median, shown, table } from "./statistics.mjs";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "3" },
    seconds: { type: "string", default: "5" },
    warmup: { type: "string", default: "10" },
    only: { type: "string", default: "" },
    directory: { type: "string" },
    json: { type: "boolean" },
  },
});
const common = {
  seconds: Number(values.seconds),
  // V8 goes on compiling for some ten seconds of load; peers in Go are as fast after two.
  warmupSeconds: Number(values.warmup),
  payloadBytes: 256,
  ...(values.directory && { directory: values.directory }),
};
const IN_FLIGHT = [256, 1];

const contestants = [
  { name: "ours, mTLS", missing: () => undefined, measure: () => measureCommits({ ...common, inFlight: IN_FLIGHT, tls: true }) },
  { name: "ours, no TLS", missing: () => undefined, measure: () => measureCommits({ ...common, inFlight: IN_FLIGHT, tls: false }) },
  { name: "bare path, mTLS", missing: () => undefined, measure: () => measureCommits({ ...common, inFlight: IN_FLIGHT, tls: true, program: "bare-path-member.mjs" }) },
  { name: "hashicorp/raft, no TLS", missing: hashicorpMissing, measure: () => measureHashicorp({ ...common, inFlight: IN_FLIGHT }) },
  { name: "ours over gRPC, no TLS", missing: () => undefined, measure: () => measureCommitsOverGrpc({ ...common, inFlight: IN_FLIGHT, tls: false }) },
  { name: "etcd over gRPC, Go client, no TLS", missing: etcdGoClientMissing, measure: () => measureEtcd({ ...common, inFlight: IN_FLIGHT, client: "go" }) },
  { name: "etcd over gRPC, Node client, no TLS", missing: etcdMissing, measure: () => measureEtcd({ ...common, inFlight: IN_FLIGHT, client: "node" }) },
];

const wanted = new RegExp(values.only);
const present = contestants.filter(({ name, missing }) => {
  if (!wanted.test(name)) return false;
  const why = missing();
  if (why !== undefined) console.error(`Left out: ${name}. ${why}`);
  return why === undefined;
});

/** Name and in-flight count to the figures of each round. */
const figures = new Map();
for (let round = 1; round <= Number(values.rounds); round++) {
  for (const { name, measure } of present) {
    for (const figure of await measure()) {
      const key = `${name}@${figure.inFlight}`;
      figures.set(key, [...(figures.get(key) ?? []), figure]);
      console.error(`round ${round}  ${name.padEnd(36)} ${String(figure.inFlight).padStart(3)} in flight: ${shown(figure.perSecond)}/s, p50 ${shown(figure.p50Ms)} ms, p99 ${shown(figure.p99Ms)} ms`);
    }
  }
}

const of = (name, inFlight, what) => median((figures.get(`${name}@${inFlight}`) ?? []).map((figure) => figure[what]));
const rows = present.flatMap(({ name }) =>
  IN_FLIGHT.map((inFlight) => ({
    name,
    inFlight,
    perSecond: of(name, inFlight, "perSecond"),
    p50Ms: of(name, inFlight, "p50Ms"),
    p99Ms: of(name, inFlight, "p99Ms"),
  })),
);
const ratios = [
  ["ours, no TLS", "hashicorp/raft, no TLS"],
  ["ours over gRPC, no TLS", "etcd over gRPC, Go client, no TLS"],
  ["ours over gRPC, no TLS", "etcd over gRPC, Node client, no TLS"],
  ["ours, mTLS", "bare path, mTLS"],
].flatMap(([one, other]) => IN_FLIGHT.map((inFlight) => ({ one, other, inFlight, ratio: of(one, inFlight, "perSecond") / of(other, inFlight, "perSecond") })));

if (values.json) console.log(JSON.stringify({ rows, ratios }));
else {
  console.log(`\nNode ${process.version}, ${cpus().length} cores (${cpus()[0]?.model}), 256 B, medians of ${values.rounds} rounds, after ${values.warmup} s of warm-up\n`);
  console.log(table(["what", "in flight", "commits/s", "p50 ms", "p99 ms"], rows.map((row) => [row.name, row.inFlight, row.perSecond, row.p50Ms, row.p99Ms])));
  console.log(`\n${table(["rate of", "beside", "in flight", "ratio"], ratios.filter(({ ratio }) => Number.isFinite(ratio)).map((row) => [row.one, row.other, row.inFlight, row.ratio]))}`);
}
