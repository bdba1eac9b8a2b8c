/**
 * Log fan-out over the network: three nodes with mutual TLS, one job that writes, readers in this process.
 *
 *   node benchmarks/output/over-grpc.mjs [--readers 100] [--seconds 5] [--rate-mb 50] [--through holder|other] [--json]
 *
 * It needs `npm run build`. MB are millions of bytes. Every reader checks that bytes and gaps tile the whole output, or the
 * run fails; what the readers cannot take is told as gaps. All processes share the machine: the job, three nodes, the readers.
 */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { CoxswainClient } from "@coxswain/client";
import { LocalCluster } from "../../scripts/lib/cluster.mjs";
import { until } from "../../scripts/lib/until.mjs";

const MB = 1_000_000;
const PIECE_BYTES = 65_536;
const { values } = parseArgs({
  options: {
    readers: { type: "string", default: "100" },
    seconds: { type: "string", default: "5" },
    "rate-mb": { type: "string", default: "50" },
    through: { type: "string", default: "other" },
    json: { type: "boolean", default: false },
  },
});
const readers = Number(values.readers);
const totalBytes = Math.round((Number(values.seconds) * Number(values["rate-mb"]) * MB) / PIECE_BYTES) * PIECE_BYTES;

/** Runs as the job: writes at the rate, once its readers had a moment to come. */
const WRITER = `
const piece = Buffer.alloc(${PIECE_BYTES}, "x");
const start = Date.now() + 2000;
let written = 0;
const write = () => {
  const due = ((Date.now() - start) / 1000) * ${Number(values["rate-mb"]) * MB};
  while (written < Math.min(due, ${totalBytes})) {
    written += piece.length;
    if (!process.stdout.write(piece)) return process.stdout.once("drain", write);
  }
  if (written < ${totalBytes}) setTimeout(write, 2);
};
write();`;

const residentMb = (pid) => Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) * 1024 / MB;

/** User and system time, in seconds; a tick is 10 ms. */
const cpuSeconds = (pid) => {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const [user, system] = stat.slice(stat.lastIndexOf(")") + 2).split(" ").slice(11, 13).map(Number);
  return (user + system) / 100;
};

async function follow(client, jobId) {
  let [at, bytes, missing] = [0, 0, 0];
  let firstMs;
  for await (const record of client.logs(jobId)) {
    if (record.kind === "exit") {
      if (at !== record.outputBytes || at !== totalBytes) throw new Error(`the output has ${record.outputBytes} bytes, and the reader saw ${at}`);
      return { bytes, missing, tookMs: performance.now() - firstMs };
    }
    firstMs ??= performance.now();
    const from = record.kind === "gap" ? record.from : record.offset;
    if (from !== at) throw new Error(`${from} came when ${at} was next`);
    if (record.kind === "gap") [missing, at] = [missing + record.to - from, record.to];
    else [bytes, at] = [bytes + record.bytes.length, at + record.bytes.length];
  }
  throw new Error("the logs ended without the exit");
}

const cluster = await LocalCluster.create({ extraArgs: ["--log-level", "warn", "--output-buffer-bytes", "8MB"] });
const { caCert: ca, cert, key } = cluster.certificates.client;
const clients = [];
const connect = (servers) => {
  const client = CoxswainClient.connect({ servers, tls: { ca, cert, key } });
  clients.push(client);
  return client;
};
try {
  cluster.start();
  const client = connect(cluster.addresses);
  await until("the cluster runs jobs", async () => (await client.clusterStatus({ timeoutMs: 1_000 })).nodes.every(({ isAlive }) => isAlive));
  const { jobId } = await client.start({ task: { kind: "process", argv: [process.execPath, "-e", WRITER] } });
  const holderId = await until("it runs", async () => (await client.status(jobId)).assignedWorker, { everyMs: 20 });
  const asked = cluster.nodes.find(({ id }) => (id === holderId) === (values.through === "holder"));
  const reading = connect([asked.address]);
  const pids = { holder: cluster.node(holderId).pid, asked: asked.pid, readers: process.pid };
  const before = Object.fromEntries(Object.entries(pids).map(([who, pid]) => [who, cpuSeconds(pid)]));
  const results = await Promise.all(Array.from({ length: readers }, () => follow(reading, jobId)));
  const sum = (pick) => results.reduce((all, result) => all + pick(result), 0);
  const seconds = Math.max(...results.map(({ tookMs }) => tookMs)) / 1000;
  const [{ startedAtMs, endedAtMs }] = (await client.executions(jobId)).executions[0].attempts;
  const report = {
    readers,
    through: values.through,
    writtenMb: totalBytes / MB,
    jobMbPerSecond: totalBytes / MB / ((endedAtMs - startedAtMs - 2_000) / 1000),
    readSeconds: seconds,
    readMbPerSecond: sum(({ bytes }) => bytes) / MB / seconds,
    gapMb: sum(({ missing }) => missing) / MB,
    lostBytes: totalBytes * readers - sum(({ bytes, missing }) => bytes + missing),
  };
  for (const [who, pid] of Object.entries(pids)) {
    report[`${who}CpuSeconds`] = cpuSeconds(pid) - before[who];
    report[`${who}PeakRssMb`] = residentMb(pid);
  }
  if (values.json) console.log(JSON.stringify(report));
  else for (const [name, value] of Object.entries(report)) console.log(`${name.padEnd(18)} ${typeof value === "number" && !Number.isInteger(value) ? value.toFixed(1) : value}`);
} finally {
  for (const client of clients) client.close();
  await cluster.destroy();
}
