/** Outputs that a test writes, and that readers follow as they follow those of a worker. */
import { OutputPiece, OutputStream } from "@coxswain/protocol";
import type { OutputRequest } from "../src/contracts.ts";

export class ScriptedOutput {
  /** Bytes below this offset are gone. */
  firstOffset = 0;
  bytes: Buffer = Buffer.alloc(0);
  ended = false;
  readonly #changes = new Set<() => void>();

  write(text: string): this {
    this.bytes = Buffer.concat([this.bytes, Buffer.from(text)]);
    return this.#changed();
  }

  end(): this {
    this.ended = true;
    return this.#changed();
  }

  change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#changes.delete(done);
        signal.removeEventListener("abort", abort);
      };
      const done = (): void => {
        leave();
        resolve();
      };
      const abort = (): void => {
        leave();
        reject(signal.reason as Error);
      };
      this.#changes.add(done);
      signal.addEventListener("abort", abort);
    });
  }

  #changed(): this {
    for (const change of [...this.#changes]) change();
    return this;
  }
}

/** What one node holds. */
export class ScriptedOutputs {
  readonly #outputs = new Map<string, ScriptedOutput>();
  readonly asked: OutputRequest[] = [];
  readers = 0;

  of(executionId: string, attempt = 1): ScriptedOutput {
    const key = `${executionId}/${String(attempt)}`;
    const output = this.#outputs.get(key) ?? new ScriptedOutput();
    this.#outputs.set(key, output);
    return output;
  }

  forget(executionId: string, attempt = 1): void {
    this.#outputs.delete(`${executionId}/${String(attempt)}`);
  }

  async *stream(request: OutputRequest, signal: AbortSignal): AsyncGenerator<OutputPiece, void, undefined> {
    this.asked.push(request);
    this.readers++;
    try {
      const output = this.#outputs.get(`${request.executionId}/${String(request.attempt)}`);
      if (output === undefined) {
        yield OutputPiece.fromPartial({ unknown: true });
        return;
      }
      let at =
        request.tailBytes === undefined
          ? (request.offset ?? 0)
          : Math.max(0, output.bytes.length - request.tailBytes);
      if (request.tailBytes !== undefined) yield OutputPiece.fromPartial({ offset: at });
      const thereNow = output.bytes.length;
      for (;;) {
        signal.throwIfAborted();
        if (at < output.firstOffset) {
          yield OutputPiece.fromPartial({ offset: at, gapBytes: output.firstOffset - at });
          at = output.firstOffset;
        } else if (request.noFollow && !output.ended && at >= thereNow) {
          return;
        } else if (at < output.bytes.length) {
          const data = output.bytes.subarray(at, at + 4);
          yield OutputPiece.fromPartial({ offset: at, data, stream: OutputStream.STDOUT });
          at += data.length;
        } else if (output.ended) {
          yield OutputPiece.fromPartial({ offset: at, ended: true });
          return;
        } else {
          await output.change(signal);
        }
      }
    } finally {
      this.readers--;
    }
  }
}
