import type { Duplex } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import type { OutputBuffer } from "@coxswain/executor";
import { Demultiplexer } from "./demultiplexer.ts";

/** The attached stream of a container, on its way into the attempt's output buffer. */
export class Capture {
  readonly #stream: Duplex;
  readonly #ended: Promise<void>;
  #lastMs = performance.now();

  constructor(stream: Duplex, output: OutputBuffer) {
    this.#stream = stream;
    this.#ended = new Promise((resolve) => stream.once("close", resolve));
    const demultiplexer = new Demultiplexer((bytes, name) => output.write(bytes, name));
    stream.on("data", (chunk: Buffer) => {
      this.#lastMs = performance.now();
      // A pause after each chunk: a payload that floods must not keep the node from its other work.
      stream.pause();
      try {
        demultiplexer.write(chunk);
      } catch (error) {
        return void stream.destroy(error as Error);
      }
      setImmediate(() => stream.resume());
    });
    // The engine's end of it is told by the wait; here it only ends the output.
    stream.on("error", () => {});
    stream.on("end", () => stream.destroy());
  }

  /** Resolves when all is read, or nothing has come for `idleMs`; then the rest is dropped. */
  async drain(idleMs: number): Promise<void> {
    const enough = new AbortController();
    while (!this.#stream.closed) {
      const leftMs = this.#lastMs + idleMs - performance.now();
      if (leftMs <= 0) this.#stream.destroy();
      const pause = delay(Math.max(1, leftMs), undefined, { signal: enough.signal }).catch(() => {});
      await Promise.race([this.#ended, pause]);
    }
    enough.abort();
  }
}
