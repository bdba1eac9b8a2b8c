/**
 * The output of a finished attempt, read from its file.
 */
import { open } from "node:fs/promises";
import { checkReaderOptions } from "@coxswain/executor";
import type { AttemptOutput, AttemptReaderOptions, ExitRecord, OutputRecord } from "./attempt-output.ts";
import { readFrames } from "./spool-frames.ts";
import type { Frame } from "./spool-frames.ts";

const DEFAULT_MAX_BYTES = 64 * 1024;

export class SpooledOutput implements AttemptOutput {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** A file that a power cut tore ends without its exit record. Rejects with ENOENT when retention took the file before the first `next`. One frame is in memory at a time. */
  async *reader(options: AttemptReaderOptions = {}): AsyncGenerator<OutputRecord, void, undefined> {
    const { tailBytes, maxBytes = DEFAULT_MAX_BYTES, signal } = options;
    checkReaderOptions(options);
    signal?.throwIfAborted();
    const file = await open(this.#path, "r");
    try {
      let at = options.offset ?? 0;
      if (tailBytes !== undefined) {
        let total = 0;
        for await (const { offset, body, kind } of readFrames(file)) total = offset + (kind === "exit" ? 0 : body.length);
        at = Math.max(0, total - tailBytes);
        yield { kind: "begin", offset: at };
      }
      for await (const frame of readFrames(file)) {
        for (const record of recordsOf(frame, at, maxBytes)) {
          signal?.throwIfAborted();
          yield record;
        }
        if (frame.kind !== "exit") at = Math.max(at, frame.offset + frame.body.length);
      }
      signal?.throwIfAborted();
    } finally {
      await file.close();
    }
  }
}

/** What a frame holds for a reader who is at `at`. */
function* recordsOf({ kind, offset, body }: Frame, at: number, maxBytes: number): Generator<OutputRecord> {
  if (at < offset) yield { kind: "gap", from: at, to: offset };
  if (kind === "exit") return yield JSON.parse(body.toString()) as ExitRecord;
  for (let from = Math.max(at, offset); from < offset + body.length; from += maxBytes)
    yield { kind: "chunk", stream: kind, offset: from, bytes: body.subarray(from - offset, from - offset + maxBytes) };
}
