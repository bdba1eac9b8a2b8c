/**
 * A secured local cluster of real processes: certificates, free ports, `coxswaind` children that are started, killed and
 * restarted by id. Used by the demo, the soak test and the benchmarks.
 */
import { spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROOT } from "./run.mjs";

const DAEMON = join(ROOT, "apps/node/bin/coxswaind.js");

/** A port on loopback that was free a moment ago. `preferred` is taken when it is free. */
export function freePort(preferred = 0) {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", (error) => (preferred === 0 ? reject(error) : resolve(freePort())));
    server.listen({ host: "127.0.0.1", port: preferred, exclusive: true }, () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** Writes a CA and certificates for the nodes, an admin and a client; returns their paths by name. */
export async function makeCertificates(directory, nodeIds) {
  const { createCa, issueCertificate } = await import("@coxswain/pki");
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const ca = await createCa({ clusterName: "demo" });
  const caPath = join(directory, "ca.crt");
  await writeFile(caPath, ca.certificate);
  const issue = async (kind, name) => {
    const issued = await issueCertificate({ ca, kind, name, days: 1 });
    const paths = { caCert: caPath, cert: join(directory, `${name}.crt`), key: join(directory, `${name}.key`) };
    await writeFile(paths.cert, issued.certificate);
    await writeFile(paths.key, issued.privateKey, { mode: 0o600 });
    return paths;
  };
  const nodes = new Map();
  for (const id of nodeIds) nodes.set(id, await issue("node", `node-${id}`));
  return { nodes, admin: await issue("admin", "captain"), client: await issue("client", "demo") };
}

/** One node as a child process. */
export class NodeProcess {
  #child;
  #exited = Promise.resolve();

  constructor({ id, address, args, logPath }) {
    this.id = id;
    this.address = address;
    this.args = args;
    this.logPath = logPath;
  }

  get running() {
    return this.#child !== undefined;
  }

  get pid() {
    return this.#child?.pid;
  }

  start() {
    if (this.#child) return;
    const log = createWriteStream(this.logPath, { flags: "a" });
    // A session of its own: Ctrl-C on the terminal reaches the script, which then ends the nodes in order.
    const child = spawn(process.execPath, [DAEMON, ...this.args], { stdio: ["ignore", "pipe", "pipe"], detached: true });
    child.stdout.pipe(log, { end: false });
    child.stderr.pipe(log, { end: false });
    this.#child = child;
    this.#exited = new Promise((resolve) => {
      child.once("close", (code, signal) => {
        this.#child = undefined;
        log.end();
        resolve({ code, signal });
      });
    });
  }

  /** Sends a signal to exactly this process and waits for its end. */
  async kill(signal = "SIGKILL") {
    this.#child?.kill(signal);
    return await this.#exited;
  }
}

/** Three (or more) nodes, their directories and certificates under one temporary directory. */
export class LocalCluster {
  constructor(directory, certificates, nodes) {
    this.directory = directory;
    this.certificates = certificates;
    this.nodes = nodes;
  }

  /**
   * Processes run on any machine, with what it has to hold them in; by default with nothing, so that they can write the
   * ledgers of tests.
   *
   * @param {{size?: number, preferredPort?: number, extraArgs?: readonly string[], tls?: boolean, isolation?: "full" | "none"}} [options]
   */
  static async create({ size = 3, preferredPort = 0, extraArgs = [], tls = true, isolation = "none" } = {}) {
    const directory = await mkdtemp(join(tmpdir(), "coxswain-"));
    const ids = Array.from({ length: size }, (_, index) => index + 1);
    const certificates = tls ? await makeCertificates(join(directory, "certs"), ids) : undefined;
    const addresses = new Map();
    for (const id of ids)
      addresses.set(id, `127.0.0.1:${await freePort(preferredPort === 0 ? 0 : preferredPort + id - 1)}`);
    const nodes = ids.map((id) => {
      const peers = ids.filter((other) => other !== id).map((other) => `${other}:${addresses.get(other)}`);
      const files = certificates?.nodes.get(id);
      const args = [
        ...["--node-id", String(id), "--listen", addresses.get(id)],
        ...(peers.length > 0 ? ["--peers", peers.join(",")] : []),
        ...["--data-dir", join(directory, `node-${id}`)],
        ...(files ? ["--ca-cert", files.caCert, "--cert", files.cert, "--key", files.key] : []),
        ...["--allow-unlimited-processes", "--process-isolation", isolation],
        ...extraArgs,
      ];
      return new NodeProcess({ id, address: addresses.get(id), args, logPath: join(directory, `node-${id}.log`) });
    });
    return new LocalCluster(directory, certificates, nodes);
  }

  get addresses() {
    return this.nodes.map((node) => node.address);
  }

  node(id) {
    return this.nodes.find((node) => node.id === id);
  }

  start() {
    for (const node of this.nodes) node.start();
  }

  /** Ends every node politely, then by force, and removes everything. */
  async destroy() {
    await Promise.all(
      this.nodes.map(async (node) => {
        if (!node.running) return;
        const timer = setTimeout(() => void node.kill("SIGKILL"), 10_000);
        await node.kill("SIGTERM");
        clearTimeout(timer);
      }),
    );
    await rm(this.directory, { recursive: true, force: true });
  }
}
