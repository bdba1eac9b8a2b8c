import { closeSync } from "node:fs";
import type { OutputBuffer, OutputStream } from "@coxswain/executor";
import type { Pipe, PipePool } from "./pipe-pool.ts";

/** The two pipes of an attempt, on their way into its output buffer. */
export class Capture {
  readonly #pipes: readonly Pipe[];
  readonly #ended: Promise<unknown>;
  #writersClosed = false;

  private constructor(pipes: readonly Pipe[], output: OutputBuffer) {
    this.#pipes = pipes;
    this.#ended = Promise.all(
      pipes.map(({ reader }) => new Promise((resolve) => reader.once("close", resolve))),
    );
    this.#pump(0, output, "stdout");
    this.#pump(1, output, "stderr");
  }

  static async open(pool: PipePool, output: OutputBuffer): Promise<Capture> {
    const out = await pool.take();
    try {
      return new Capture([out, await pool.take()], output);
    } catch (error) {
      out.reader.destroy();
      closeSync(out.writeFd);
      throw error;
    }
  }

  get outFd(): number {
    return this.#pipes[0]?.writeFd ?? -1;
  }

  get errFd(): number {
    return this.#pipes[1]?.writeFd ?? -1;
  }

  /** To be called once the child has its copies: only then can the pipes end. */
  closeWriters(): void {
    if (this.#writersClosed) return;
    this.#writersClosed = true;
    for (const { writeFd } of this.#pipes) closeSync(writeFd);
  }

  /** Resolves when every writer is gone and all is read. */
  get ended(): Promise<unknown> {
    return this.#ended;
  }

  /** Drops what is not read yet. */
  async destroy(): Promise<void> {
    this.closeWriters();
    for (const { reader } of this.#pipes) reader.destroy();
    await this.#ended;
  }

  #pump(index: number, output: OutputBuffer, stream: OutputStream): void {
    const reader = this.#pipes[index]?.reader;
    reader?.on("data", (chunk: Buffer) => output.write(chunk, stream));
    // A read error ends this stream's capture, as its end would; the program's exit still tells.
    reader?.on("error", () => {});
  }
}
