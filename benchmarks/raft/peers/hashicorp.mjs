/**
 * hashicorp/raft: three processes on loopback over TCP, BoltDB for log and votes, no TLS, the load inside the leader.
 */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { until } from "../../../scripts/lib/until.mjs";
import { hasCommand, retried, withProcesses } from "./processes.mjs";

const sources = fileURLToPath(new URL("hashicorp", import.meta.url));
const program = join(sources, "dist/member");
/** Where Debian puts the sources of Go libraries. */
const GO_PATH = "/usr/share/gocode";
const packages = ["golang-go", "golang-github-hashicorp-raft-dev", "golang-github-hashicorp-raft-boltdb-dev"];

/** What is missing, and how to get it; undefined when it can be measured. */
export function hashicorpMissing() {
  const libraries = ["raft", "raft-boltdb"].map((name) => `${GO_PATH}/src/github.com/hashicorp/${name}`);
  if (hasCommand("go") && libraries.every((library) => existsSync(library))) return undefined;
  return `hashicorp/raft is missing: apt-get install --no-install-recommends ${packages.join(" ")}`;
}

/** Outside Go modules, against Debian's libraries: nothing is downloaded. */
async function buildMember() {
  const env = { ...process.env, GO111MODULE: "off", GOPATH: GO_PATH, GOFLAGS: "" };
  await promisify(execFile)("go", ["build", "-o", program, "."], { cwd: sources, env });
}

async function startMembers({ root, start }, { maxAppendEntries, cacheEntries }) {
  const tuning = ["-max-append-entries", String(maxAppendEntries), "-cache-entries", String(cacheEntries)];
  const members = [];
  for (const id of ["1", "2", "3"]) {
    const directory = join(root, `member-${id}`);
    await mkdir(directory);
    members.push({ id, child: start(program, ["-id", id, "-directory", directory, ...tuning]) });
  }
  const addresses = [];
  for (const { id, child } of members) addresses.push({ id, ...(await child.ask()) });
  await Promise.all(members.map(({ child }) => child.ask({ members: addresses })));
  return members.map(({ child }) => child);
}

async function leaderOf(members) {
  return await until("a member leads", async () => {
    for (const member of members) if ((await member.ask({})).leads) return member;
    return undefined;
  });
}

async function measureOnce(options) {
  const { inFlight, seconds, warmupSeconds = 2, payloadBytes = 256, directory } = options;
  const { maxAppendEntries = 256, cacheEntries = 512 } = options;
  await buildMember();
  return await withProcesses(directory, async (processes) => {
    const members = await startMembers(processes, { maxAppendEntries, cacheEntries });
    const figures = [];
    for (const count of inFlight) {
      const leader = await leaderOf(members);
      figures.push(await leader.ask({ load: { inFlight: count, seconds, warmupSeconds, payloadBytes } }));
    }
    return figures;
  });
}

/**
 * Commits per second and their latency; one cluster, one closed loop for each of `inFlight`.
 *
 * `maxAppendEntries` and `cacheEntries` default to what was best for it; see README.md.
 *
 * @param {{inFlight: readonly number[], seconds: number, warmupSeconds?: number, payloadBytes?: number, directory?: string,
 *   maxAppendEntries?: number, cacheEntries?: number}} options
 * @returns {Promise<{inFlight: number, commits: number, seconds: number, perSecond: number, p50Ms: number, p99Ms: number}[]>}
 */
export function measureHashicorp(options) {
  return retried("hashicorp/raft", () => measureOnce(options));
}
