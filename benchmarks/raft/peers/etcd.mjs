/**
 * etcd: three members on loopback, no TLS, the load over gRPC.
 */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { freePort } from "../../../scripts/lib/cluster.mjs";
import { until } from "../../../scripts/lib/until.mjs";
import { latencies } from "../statistics.mjs";
import { hasCommand, retried, withProcesses } from "./processes.mjs";

const GO_PATH = "/usr/share/gocode";
const nodeLoad = fileURLToPath(new URL("etcd/load.mjs", import.meta.url));
const goSources = fileURLToPath(new URL("etcd", import.meta.url));
const goLoad = join(goSources, "dist/load");
const KEYS = 10_000;

/** Log level aside, what a packager's etcd does, and room for the values. */
const settings = ["--logger=zap", "--log-level=error", "--quota-backend-bytes=8589934592"];

/** What is missing, and how to get it; undefined when it can be measured. */
export function etcdMissing() {
  return hasCommand("etcd")
    ? undefined
    : "etcd is missing: apt-get install --no-install-recommends etcd-server";
}

/** The same for the load with etcd's own Go client. */
export function etcdGoClientMissing() {
  if (hasCommand("go") && existsSync(`${GO_PATH}/src/go.etcd.io/etcd/clientv3`)) return undefined;
  return "etcd's Go client is missing: apt-get install --no-install-recommends golang-go golang-etcd-server-dev";
}

/** Where the kernel can see to it, a member ends with this process even if this one is killed. */
const withParent = hasCommand("setpriv") ? ["setpriv", "--pdeathsig", "KILL"] : [];

async function startMembers({ root, start }) {
  const members = [];
  for (const name of ["m1", "m2", "m3"]) {
    members.push({
      name,
      peer: `http://127.0.0.1:${await freePort()}`,
      client: `http://127.0.0.1:${await freePort()}`,
    });
  }
  const started = [];
  const cluster = members.map(({ name, peer }) => `${name}=${peer}`).join(",");
  for (const { name, peer, client } of members) {
    const urls = [`--listen-peer-urls=${peer}`, `--initial-advertise-peer-urls=${peer}`];
    const clientUrls = [`--listen-client-urls=${client}`, `--advertise-client-urls=${client}`];
    const who = [`--name=${name}`, `--data-dir=${join(root, name)}`, `--initial-cluster=${cluster}`];
    const [command, ...args] = [...withParent, "etcd", ...who, ...urls, ...clientUrls, ...settings];
    started.push({ url: client, child: start(command, args) });
  }
  return started;
}

/** Its host and port: puts to another member would travel one hop more. */
async function leaderOf(members) {
  const leads = async ({ url }) =>
    /^etcd_server_is_leader 1$/m.test(await (await fetch(`${url}/metrics`)).text());
  const leader = await until("an etcd member leads", async () => {
    for (const member of members) if (member.child.hasEnded || (await leads(member))) return member;
    return undefined;
  });
  if (leader.child.hasEnded) throw new Error(`An etcd member has ended: ${leader.child.complaint}`);
  return new URL(leader.url).host;
}

async function startClients({ start }, client, count) {
  if (client === "go") {
    const env = { ...process.env, GO111MODULE: "off", GOPATH: GO_PATH, GOFLAGS: "" };
    await promisify(execFile)("go", ["build", "-o", goLoad, "."], { cwd: goSources, env });
  }
  const [command, ...args] = client === "go" ? [goLoad] : [process.execPath, nodeLoad];
  return Array.from({ length: count }, () => start(command, args));
}

/** `total` in as many parts as there are clients, none of them empty: a lone put comes from one. */
function shares(total, clients) {
  const count = Math.min(total, clients.length);
  return clients.slice(0, count).map((client, at) => ({
    client,
    inFlight: Math.floor((total + at) / count),
  }));
}

async function measureOnce(options) {
  const { inFlight, seconds, warmupSeconds = 2, payloadBytes = 256, directory } = options;
  const { client = "node", clients: clientCount = 1, channels = 1 } = options;
  return await withProcesses(directory, async (processes) => {
    const members = await startMembers(processes);
    const clients = await startClients(processes, client, clientCount);
    const figures = [];
    for (const count of inFlight) {
      const address = await leaderOf(members);
      const load = { address, channels, seconds, warmupSeconds, payloadBytes, keys: KEYS };
      const parts = shares(count, clients);
      const answers = await Promise.all(
        parts.map((part, at) => part.client.ask({ ...load, inFlight: part.inFlight, client: at })),
      );
      const latenciesMs = answers.flatMap((answer) => answer.latenciesMs);
      const { p50Ms, p99Ms } = latencies(latenciesMs);
      const commits = latenciesMs.length;
      figures.push({ inFlight: count, commits, seconds, perSecond: commits / seconds, p50Ms, p99Ms });
    }
    return figures;
  });
}

/**
 * Puts per second and their latency; one cluster, one closed loop for each of `inFlight`.
 *
 * `client`: who puts, "node" (grpc-js) or "go" (etcd's own). `clients`: its processes; `channels`: connections of each.
 * The defaults are what was best for it; see README.md.
 *
 * @param {{inFlight: readonly number[], seconds: number, warmupSeconds?: number, payloadBytes?: number, directory?: string,
 *   client?: "node" | "go", clients?: number, channels?: number}} options
 * @returns {Promise<{inFlight: number, commits: number, seconds: number, perSecond: number, p50Ms: number, p99Ms: number}[]>}
 */
export function measureEtcd(options) {
  return retried("etcd", () => measureOnce(options));
}
