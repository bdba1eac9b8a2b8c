import { execFile } from "node:child_process";
import { closeSync, constants, openSync, unlinkSync } from "node:fs";
import { mkdir, readdir, rm } from "node:fs/promises";
import { Socket } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const BATCH = 64;

/** The two ends of a pipe. */
export interface Pipe {
  /** Reads what is written; ends when every writer is gone. */
  readonly reader: Socket;
  /** For the child's stdio. The owner closes it once the child has its copy. */
  readonly writeFd: number;
}

/**
 * Makes real pipes. Node's own `stdio: "pipe"` is a socket pair, and a shell line such as
 * `echo x > /dev/stderr` cannot open a socket. Node cannot make a pipe either, so `mkfifo` makes
 * named ones, many at a time, and each loses its name as soon as both ends are open.
 */
export class PipePool {
  readonly #directory: string;
  readonly #names: string[] = [];
  #made = 0;
  #filling: Promise<void> | undefined;

  /** @param directory of this pool's own; what is in it is removed by `prepare`. */
  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Removes leftovers and makes the first pipes. Rejects if the machine has no `mkfifo`. */
  async prepare(): Promise<void> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    await this.#clear();
    await this.#fill();
  }

  async take(): Promise<Pipe> {
    while (this.#names.length === 0) await this.#fill();
    return this.#open(this.#names.pop() ?? "");
  }

  async close(): Promise<void> {
    await this.#filling;
    this.#names.length = 0;
    await this.#clear();
  }

  async #clear(): Promise<void> {
    const names = await readdir(this.#directory);
    await Promise.all(names.map((name) => rm(join(this.#directory, name), { force: true })));
  }

  /** Neither open waits: the first because it says so, the second because a reader is there. */
  #open(name: string): Pipe {
    const readFd = openSync(name, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const writeFd = openSync(name, constants.O_WRONLY);
      return { reader: new Socket({ fd: readFd, readable: true, writable: false }), writeFd };
    } catch (error) {
      closeSync(readFd);
      throw error;
    } finally {
      unlinkSync(name);
    }
  }

  #fill(): Promise<void> {
    this.#filling ??= this.#make().finally(() => (this.#filling = undefined));
    return this.#filling;
  }

  async #make(): Promise<void> {
    const names = Array.from({ length: BATCH }, (_, i) => join(this.#directory, String(this.#made + i)));
    this.#made += BATCH;
    // A task of another user may reopen its output by name; nobody else gets through the directory.
    await run("mkfifo", ["-m", "622", ...names]);
    this.#names.push(...names);
  }
}
