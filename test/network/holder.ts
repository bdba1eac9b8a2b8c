/**
 * A process that lives as long as the test holds its stdin, and so ends with the test in any case.
 */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { promisify } from "node:util";

const execute = promisify(execFile);

export class Holder {
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#exited = once(child, "exit");
  }

  /** Starts a program that says something on stdout once it is ready, and ends when stdin does. */
  static async start([command = "", ...args]: readonly string[]): Promise<Holder> {
    const child = spawn(command, args, {
      stdio: ["pipe", "pipe", "inherit"],
      env: { ...process.env, NODE_OPTIONS: "" },
    });
    const holder = new Holder(child);
    const ended = holder.#exited.then(() => {
      throw new Error(`${command} ${args.join(" ")} ended before it was ready; see above`);
    });
    await Promise.race([once(child.stdout, "data"), ended]);
    return holder;
  }

  /** A network namespace without a name: it cannot clash with another, and is gone when its last process is. */
  static async namespace(): Promise<Holder> {
    return await Holder.start(["unshare", "--net", "sh", "-c", "echo ready; exec cat"]);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** What to put before a command so that it runs in this process's network. */
  get entry(): readonly string[] {
    return ["nsenter", `--net=/proc/${this.pid}/ns/net`];
  }

  async release(): Promise<void> {
    this.#child.stdin?.end();
    await this.#exited;
  }
}

/** Runs a command in the holder's network and returns what it printed. Rejects with what it printed on stderr. */
export async function runIn(holder: Holder, command: readonly string[]): Promise<string> {
  const [program = "", ...args] = [...holder.entry, ...command];
  const { stdout } = await execute(program, args);
  return stdout;
}
