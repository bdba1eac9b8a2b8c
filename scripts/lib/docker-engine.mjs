/**
 * A Docker engine of one's own, for tests and benchmarks: a `dockerd` on a unix socket in a
 * temporary directory, with its own data and no network, and `alpine:latest` built of busybox,
 * because no registry is asked for anything.
 */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, openSync, closeSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { URLSearchParams } from "node:url";
import { setTimeout as delay } from "node:timers/promises";

const UP_WITHIN_MS = 30_000;
const DOWN_WITHIN_MS = 20_000;
const BUSYBOX = "/bin/busybox";
const ROOTFS = ["bin", "dev", "etc", "proc", "root", "sys", "tmp", "usr/bin"];

/** What this machine lacks, in words; empty means that an engine can be started. */
export function missingForDocker() {
  return [
    process.platform === "linux" ? "" : "Linux",
    process.getuid?.() === 0 ? "" : "root",
    found("dockerd") ? "" : "dockerd (docker.io)",
    found("iptables") ? "" : "iptables",
    [BUSYBOX, "/usr/bin/busybox"].some((file) => existsSync(file)) ? "" : "busybox (busybox-static)",
  ].filter((what) => what !== "");
}

function found(program) {
  const folders = `${process.env.PATH ?? ""}:/usr/sbin:/sbin`.split(":");
  return folders.some((folder) => folder !== "" && existsSync(join(folder, program)));
}

/** Starts an engine that knows `alpine:latest`. Its owner calls `close()`. */
export async function startEngine() {
  const engine = new Engine(mkdtempSync(join(tmpdir(), "cox-dockerd-")));
  try {
    await engine.start();
    await engine.importImage("alpine:latest");
    return engine;
  } catch (error) {
    await engine.close();
    throw error;
  }
}

class Engine {
  #child;
  constructor(directory) {
    this.directory = directory;
    this.socketPath = join(directory, "docker.sock");
  }

  get pid() {
    return this.#child?.pid;
  }

  /** The end of what the engine said. */
  log() {
    return readFileSync(join(this.directory, "log"), "utf8").slice(-4000);
  }

  async start() {
    this.#forgetContainerd();
    const log = openSync(join(this.directory, "log"), "a");
    const at = (name) => join(this.directory, name);
    const options = ["--host", `unix://${this.socketPath}`, "--data-root", at("data"), "--exec-root", at("exec"), "--pidfile", at("pid")];
    const quiet = ["--bridge", "none", "--iptables=false", "--ip6tables=false", "--log-level", "warn"];
    const config = at("daemon.json");
    writeFileSync(config, "{}");
    this.#child = spawn("dockerd", [...options, ...quiet, "--config-file", config], {
      stdio: ["ignore", log, log],
      env: { ...process.env, PATH: `${process.env.PATH ?? ""}:/usr/sbin:/sbin` },
    });
    closeSync(log);
    this.#child.on("error", () => {});
    const giveUpAt = Date.now() + UP_WITHIN_MS;
    while (!(await this.#answers())) {
      if (this.#child.exitCode !== null || Date.now() > giveUpAt) throw new Error(`dockerd does not answer:\n${this.log()}`);
      await delay(50);
    }
  }

  /** Ends the engine; SIGKILL leaves its containers running until the next `start`. */
  async stop(signal = "SIGTERM") {
    const child = this.#child;
    this.#child = undefined;
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill(signal);
    const force = setTimeout(() => child.kill("SIGKILL"), DOWN_WITHIN_MS);
    await gone;
    clearTimeout(force);
    await this.#containerdGone();
  }

  /** The engine's own containerd dies with it, a moment later. */
  async #containerdGone() {
    const file = join(this.directory, "exec/containerd/containerd.pid");
    const pid = existsSync(file) ? Number(readFileSync(file, "utf8")) : 0;
    while (pid > 0 && lives(pid)) await delay(20);
  }

  /** Makes an image of busybox under the given name. `changes` are lines of a Dockerfile. */
  async importImage(name, changes = []) {
    const rootfs = mkdtempSync(join(this.directory, "rootfs-"));
    for (const folder of ROOTFS) mkdirSync(join(rootfs, folder), { recursive: true });
    const busybox = existsSync(BUSYBOX) ? BUSYBOX : "/usr/bin/busybox";
    copyFileSync(busybox, join(rootfs, "bin/busybox"));
    for (const applet of execFileSync(busybox, ["--list"], { encoding: "utf8" }).trim().split("\n")) {
      if (applet !== "busybox") symlinkSync("/bin/busybox", join(rootfs, "bin", applet));
    }
    writeFileSync(join(rootfs, "etc/passwd"), "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n");
    const archive = execFileSync("tar", ["-c", "-C", rootfs, "."], { maxBuffer: 64 * 1024 * 1024 });
    rmSync(rootfs, { recursive: true });
    const [repo, tag = "latest"] = name.split(":");
    const query = new URLSearchParams({ fromSrc: "-", repo, tag });
    for (const change of ["CMD [\"/bin/sh\"]", "ENV PATH=/usr/local/bin:/usr/bin:/bin", ...changes]) query.append("changes", change);
    const { status, body } = await this.#ask("POST", `/images/create?${query}`, archive);
    if (status !== 200 || body.includes("errorDetail")) throw new Error(`${name} could not be imported: ${body}`);
  }

  async close() {
    await this.stop();
    for (const mount of mountsBelow(this.directory)) execFileSync("umount", ["-l", mount]);
    rmSync(this.directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }

  /** Killed with the engine, it may stay as a zombie where nobody reaps, and the next engine would wait for it. */
  #forgetContainerd() {
    const file = join(this.directory, "exec/containerd/containerd.pid");
    if (existsSync(file)) rmSync(file);
  }

  #answers() {
    return this.#ask("GET", "/_ping").then(({ status }) => status === 200, () => false);
  }

  /** Asks the engine's API and resolves with what it answers, parsed where it is JSON. */
  async ask(method, path, value) {
    const { status, body } = await this.#ask(method, path, value === undefined ? undefined : Buffer.from(JSON.stringify(value)), "application/json");
    return { status, value: parsed(body) };
  }

  #ask(method, path, body, type = "application/x-tar") {
    return new Promise((resolve, reject) => {
      const headers = body ? { "content-type": type, "content-length": body.length } : {};
      const asked = request({ socketPath: this.socketPath, method, path, headers, agent: false }, (response) => {
        const pieces = [];
        response.on("data", (piece) => pieces.push(piece));
        response.on("end", () => resolve({ status: response.statusCode, body: Buffer.concat(pieces).toString() }));
        response.on("error", reject);
      });
      asked.on("error", reject);
      asked.end(body);
    });
  }
}

/** A stream of lines stays as it is. */
function parsed(body) {
  try {
    return JSON.parse(body);
  } catch {
    return body;
  }
}

function lives(pid) {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch {
    return false;
  }
}

/** The innermost first. */
function mountsBelow(directory) {
  const points = readFileSync("/proc/mounts", "utf8").split("\n").map((line) => line.split(" ")[1] ?? "");
  return points.filter((point) => point.startsWith(`${directory}/`)).reverse();
}
