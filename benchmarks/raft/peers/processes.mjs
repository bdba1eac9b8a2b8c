/**
 * Processes of a peer and the directory they write to, ended and removed together.
 */
import { spawn } from "node:child_process";
import { accessSync, constants, rmSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";

/** What is ended at this signal, this process exits with. */
const SIGNALS = { SIGINT: 130, SIGTERM: 143 };

/** Whether a command of this name can be started. */
export function hasCommand(name) {
  return (process.env.PATH ?? "").split(delimiter).some((directory) => {
    try {
      accessSync(join(directory, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** A child that speaks in lines; what it says on stderr is kept for the error message. */
class LineProcess {
  #child;
  #lines;
  #stderr = "";
  #closed;

  constructor(command, args, options) {
    this.#child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"], ...options });
    this.name = command;
    this.#child.stdin.on("error", () => {});
    this.#child.stderr
      .setEncoding("utf8")
      .on("data", (text) => (this.#stderr = (this.#stderr + text).slice(-4_096)));
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
    this.#closed = new Promise((resolve) => this.#child.once("close", resolve).once("error", resolve));
  }

  /** Writes a value as a line of JSON, if there is one to write, and resolves to the next one it prints. */
  async ask(value) {
    if (value !== undefined) this.#child.stdin.write(`${JSON.stringify(value)}\n`);
    const { value: line, done } = await this.#lines.next();
    if (done) throw new Error(`${this.name} has ended: ${this.#stderr || "it said nothing"}`);
    const answer = JSON.parse(line);
    if (answer.error !== undefined) throw new Error(`${this.name} could not do it: ${answer.error}`);
    return answer;
  }

  /** What it said on stderr, the last of it. */
  get complaint() {
    return this.#stderr;
  }

  get hasEnded() {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** Ends exactly this process. */
  kill() {
    this.#child.kill("SIGKILL");
  }

  async killed() {
    this.kill();
    await this.#closed;
  }
}

/**
 * Gives `action` a fresh directory under `directory` and `start(command, args)`; whatever becomes of it, and also on
 * SIGINT and SIGTERM, the processes are ended and the directory removed.
 */
export async function withProcesses(directory, action) {
  const root = await mkdtemp(join(directory ?? tmpdir(), "coxswain-peer-bench-"));
  const children = [];
  const start = (command, args, options) => {
    const child = new LineProcess(command, args, options);
    children.push(child);
    return child;
  };
  const interrupted = (signal) => {
    for (const child of children) child.kill();
    rmSync(root, { recursive: true, force: true });
    process.exit(SIGNALS[signal]);
  };
  for (const signal of Object.keys(SIGNALS)) process.once(signal, interrupted);
  try {
    return await action({ root, start });
  } finally {
    for (const signal of Object.keys(SIGNALS)) process.off(signal, interrupted);
    await Promise.all(children.map((child) => child.killed()));
    rmSync(root, { recursive: true, force: true });
  }
}

/**
 * On a machine that is too busy a cluster may lose its leader and the load its puts; that says nothing about the peer.
 * So it is tried again, and said.
 */
export async function retried(name, measure, attempts = 3) {
  for (let attempt = 1; ; attempt++) {
    try {
      return await measure();
    } catch (error) {
      if (attempt === attempts) throw error;
      console.warn(`${name} could not be measured, once more: ${error.message}`);
    }
  }
}
