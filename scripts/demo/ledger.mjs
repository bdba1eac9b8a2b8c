/**
 * What really happened, written down outside the cluster: a file that shell jobs append to, and a webhook receiver.
 */
import { readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";

/** A file to which each run of a shell job appends `<execution> <attempt>`. */
export class FileLedger {
  constructor(path) {
    this.path = path;
  }

  async open() {
    await writeFile(this.path, "");
  }

  /** A shell line that writes down its run and prints a greeting. One write of a short line is atomic. */
  command(greeting) {
    return `echo "$COX_EXECUTION_ID $COX_ATTEMPT" >> '${this.path}'; echo "${greeting}"`;
  }

  /** Execution id -> how often it ran. */
  async runs() {
    const runs = new Map();
    for (const line of (await readFile(this.path, "utf8")).split("\n")) {
      const [execution] = line.split(" ");
      if (execution) runs.set(execution, (runs.get(execution) ?? 0) + 1);
    }
    return runs;
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
