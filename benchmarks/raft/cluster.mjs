/**
 * Three member processes of `member.mjs` on loopback, and their commands.
 */
import { spawn } from "node:child_process";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { freePort, makeCertificates } from "../../scripts/lib/cluster.mjs";
import { until } from "../../scripts/lib/until.mjs";

const PROGRAMS = new URL(".", import.meta.url);

/** One process, and the calls that it has not answered. */
class MemberProcess {
  #child;
  #waiting = new Map();
  #nextCall = 0;
  #exited;
  #onEvent;

  constructor(options, onEvent, { nodeArgs, program }) {
    this.id = options.id;
    this.#onEvent = onEvent;
    const child = spawn(process.execPath, [...nodeArgs, fileURLToPath(new URL(program, PROGRAMS)), JSON.stringify(options)], { stdio: ["pipe", "pipe", "inherit"] });
    this.#child = child;
    child.stdin.on("error", () => {});
    createInterface({ input: child.stdout }).on("line", (line) => this.#receive(JSON.parse(line)));
    this.#exited = new Promise((resolve) => child.once("close", resolve)).then(() => {
      for (const { reject } of this.#waiting.values()) reject(new Error(`Member ${this.id} has ended.`));
      this.#waiting.clear();
    });
  }

  call(command, input = {}) {
    return new Promise((resolve, reject) => {
      const call = this.#nextCall++;
      this.#waiting.set(call, { resolve, reject });
      this.#child.stdin.write(`${JSON.stringify({ call, command, ...input })}\n`);
    });
  }

  /** Ends exactly this process. */
  async kill(signal = "SIGKILL") {
    this.#child.kill(signal);
    await this.#exited;
  }

  /** Lets the member end by itself. */
  async stop() {
    this.#child.stdin.write(`${JSON.stringify({ command: "stop" })}\n`);
    await this.#exited;
  }

  get pid() {
    return this.#child.pid;
  }

  #receive({ call, result, error, ...event }) {
    if (call === undefined) return this.#onEvent({ ...event, id: this.id, atMs: performance.now() });
    const waiting = this.#waiting.get(call);
    this.#waiting.delete(call);
    if (error === undefined) waiting?.resolve(result);
    else waiting?.reject(new Error(error));
  }
}

export class RaftCluster {
  #root;
  #options;
  #members;
  #listeners = new Set();
  running = new Map();

  constructor(root, members, options) {
    this.#root = root;
    this.#members = members;
    this.#options = options;
  }

  /**
   * `tls`: mutual TLS between the members. `directory`: where the logs lie; default the system's place for such.
   * `state`: "level" for one on disk; default a counter. `program`: another file of this folder.
   */
  static async start({ tls = true, settings = {}, directory = tmpdir(), nodeArgs = [], program = "member.mjs", state } = {}) {
    const root = await mkdtemp(join(directory, "coxswain-raft-bench-"));
    const ids = [1, 2, 3];
    const members = [];
    for (const id of ids) members.push({ id, uuid: `disk-${id}`, address: `127.0.0.1:${await freePort()}` });
    const certificates = tls ? await makeCertificates(join(root, "certs"), ids) : undefined;
    const cluster = new RaftCluster(root, members, { certificates, settings, state, nodeArgs, program });
    try {
      for (const id of ids) await cluster.startMember(id);
      await cluster.leader();
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return cluster;
  }

  async startMember(id) {
    const { certificates, settings, state } = this.#options;
    const directory = join(this.#root, `node-${id}`);
    await mkdir(directory, { recursive: true });
    const paths = certificates?.nodes.get(id);
    const tls = paths && { ca: paths.caCert, cert: paths.cert, key: paths.key };
    const member = new MemberProcess({ id, members: this.#members, directory, tls, settings, state }, (event) => {
      for (const listener of this.#listeners) listener(event);
    }, this.#options);
    this.running.set(id, member);
    return member;
  }

  async kill(id) {
    const member = this.running.get(id);
    this.running.delete(id);
    await member.kill();
  }

  /** Calls back with what the members say unasked; returns how to stop that. */
  listen(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  addressOf(id) {
    return this.#members.find((member) => member.id === id).address;
  }

  /** The files of a client's certificate; undefined without TLS. */
  get clientTls() {
    const client = this.#options.certificates?.client;
    return client && { ca: client.caCert, cert: client.cert, key: client.key };
  }

  /** The member that leads and is ready. */
  async leader() {
    return await until("a leader is ready", async () => {
      for (const member of this.running.values()) {
        const status = await member.call("status").catch(() => undefined);
        if (status?.leaderReady) return member;
      }
      return undefined;
    }, { everyMs: 50 });
  }

  async stop() {
    await Promise.all([...this.running.values()].map((member) => member.stop()));
    await rm(this.#root, { recursive: true, force: true });
  }
}
