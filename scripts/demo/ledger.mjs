/**
 * What really happened, written down outside the cluster: a named pipe that processes write to, and a webhook receiver.
 */
import { execFileSync } from "node:child_process";
import { constants, openSync, writeSync } from "node:fs";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { Socket } from "node:net";
import { join } from "node:path";

/**
 * A named pipe to which each run of a process writes `<execution> <attempt>`. A sandbox shows its programs nothing that
 * they could write to; through a pipe at a read-only place they can write all the same, and change nothing there.
 */
export class PipeLedger {
  #lines = [];
  #marks = new Map();
  #fd;
  #socket;

  async open() {
    // A sandbox has a /tmp of its own.
    this.directory = await mkdtemp("/var/tmp/coxswain-ledger-");
    this.path = join(this.directory, "pipe");
    execFileSync("mkfifo", ["-m", "622", this.path]);
    // Sandboxed processes run as nobody. The mode that mkfifo was given is cut by the umask.
    await chmod(this.path, 0o622);
    await chmod(this.directory, 0o711);
    // For writing, too: then writers come and go without an end of file.
    this.#fd = openSync(this.path, constants.O_RDWR | constants.O_NONBLOCK);
    this.#socket = new Socket({ fd: this.#fd, readable: true, writable: false });
    let rest = "";
    this.#socket.setEncoding("utf8").on("data", (text) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop();
      for (const line of lines) this.#take(line);
    });
  }

  #take(line) {
    const reached = this.#marks.get(line);
    if (reached === undefined) this.#lines.push(line);
    else reached();
  }

  /** A shell line that writes down its run and prints a greeting. One write of a short line is atomic. */
  command(greeting) {
    return `echo "$COX_EXECUTION_ID $COX_ATTEMPT" > '${this.path}'; echo "${greeting}"`;
  }

  /** Execution id -> how often it ran. Whatever was written before the call counts. */
  async runs() {
    const mark = `mark ${this.#marks.size}`;
    const reached = new Promise((resolve) => this.#marks.set(mark, resolve));
    writeSync(this.#fd, `${mark}\n`);
    await reached;
    const runs = new Map();
    for (const line of this.#lines) {
      const [execution] = line.split(" ");
      runs.set(execution, (runs.get(execution) ?? 0) + 1);
    }
    return runs;
  }

  async close() {
    this.#socket?.destroy();
    if (this.directory !== undefined) await rm(this.directory, { recursive: true, force: true });
  }
}

/** An HTTP receiver on loopback that writes down each call's `Idempotency-Key`. */
export class WebhookLedger {
  #server;
  #calls = new Map();

  async open() {
    this.#server = createServer((request, response) => {
      request.resume().on("end", () => {
        const execution = request.headers["idempotency-key"];
        this.#calls.set(execution, (this.#calls.get(execution) ?? 0) + 1);
        response.end("received");
      });
    });
    await new Promise((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    this.url = `http://127.0.0.1:${this.#server.address().port}/hook`;
  }

  /** Execution id -> how often it was called. */
  runs() {
    return this.#calls;
  }

  close() {
    this.#server?.closeAllConnections();
    this.#server?.close();
  }
}
