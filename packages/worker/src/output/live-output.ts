/**
 * The output of an attempt that runs here or has just finished: in memory.
 */
import type { OutputBuffer } from "@coxswain/executor";
import type { AttemptOutput, AttemptReaderOptions, ExitRecord, OutputRecord } from "./attempt-output.ts";

export class LiveOutput implements AttemptOutput {
  readonly buffer: OutputBuffer;
  readonly #exit: Promise<ExitRecord>;
  #retired = false;

  constructor(buffer: OutputBuffer, exit: Promise<ExitRecord>) {
    this.buffer = buffer;
    this.#exit = exit;
  }

  async *reader(options: AttemptReaderOptions = {}): AsyncGenerator<OutputRecord, void, undefined> {
    const reader = this.buffer.reader(options);
    const nowBytes = this.buffer.totalBytes;
    try {
      if (options.tailBytes !== undefined) yield { kind: "begin", offset: reader.offset };
      // Whatever came after the beginning stands before the exit, which comes once nothing is to be waited for.
      while (!options.noFollow || this.buffer.closed || reader.offset < nowBytes) {
        const next = await reader.next();
        if (next.done) break;
        yield next.value;
      }
      // Once the output has ended its exit is near.
      if (!options.noFollow || this.buffer.closed) yield await unlessAborted(this.#exit, options.signal);
    } finally {
      await reader.return();
      this.#discardWhenUnread();
    }
  }

  /** Nobody will find it here any more: its memory goes when its last reader does. */
  retire(): void {
    this.#retired = true;
    this.#discardWhenUnread();
  }

  #discardWhenUnread(): void {
    if (this.#retired && this.buffer.readerCount === 0) this.buffer.discard();
  }
}

async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  signal.throwIfAborted();
  let abort: () => void = () => {};
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort);
  });
  return Promise.race([promise, aborted]).finally(() => signal.removeEventListener("abort", abort));
}
