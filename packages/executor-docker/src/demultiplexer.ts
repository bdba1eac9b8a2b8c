import { Buffer } from "node:buffer";
import type { OutputStream } from "@coxswain/executor";
import { BrokenStreamError } from "./docker-errors.ts";

const HEADER_BYTES = 8;
const STREAMS: readonly (OutputStream | undefined)[] = [undefined, "stdout", "stderr"];

/**
 * Takes the engine's stream of frames apart: one byte for the stream, three of nothing, four
 * for the length, then that many bytes of output. Frames may be cut anywhere. A loop, not a
 * recursion: a payload that writes single bytes makes thousands of frames in one chunk.
 * Neighbouring frames of one stream are passed on together.
 */
export class Demultiplexer {
  readonly #sink: (bytes: Buffer, stream: OutputStream) => void;
  readonly #header = Buffer.alloc(HEADER_BYTES);
  #headerBytes = 0;
  #payloadBytes = 0;
  #stream: OutputStream = "stdout";
  #gathered: Buffer[] = [];
  #gatheredStream: OutputStream = "stdout";

  constructor(sink: (bytes: Buffer, stream: OutputStream) => void) {
    this.#sink = sink;
  }

  /** @throws {BrokenStreamError} when what comes is no frame */
  write(chunk: Buffer): void {
    for (let at = 0; at < chunk.length; ) at += this.#payloadBytes > 0 ? this.#takePayload(chunk, at) : this.#takeHeader(chunk, at);
    this.#flush();
  }

  #takeHeader(chunk: Buffer, at: number): number {
    const taken = chunk.copy(this.#header, this.#headerBytes, at, at + HEADER_BYTES - this.#headerBytes);
    this.#headerBytes += taken;
    if (this.#headerBytes < HEADER_BYTES) return taken;
    const kind = this.#header[0] ?? 0;
    const stream = STREAMS[kind];
    if (stream === undefined) throw new BrokenStreamError(`The engine's output stream has a frame of kind ${kind}.`);
    this.#headerBytes = 0;
    this.#payloadBytes = this.#header.readUInt32BE(4);
    this.#stream = stream;
    return taken;
  }

  #takePayload(chunk: Buffer, at: number): number {
    const piece = chunk.subarray(at, at + this.#payloadBytes);
    this.#payloadBytes -= piece.length;
    if (this.#stream !== this.#gatheredStream) this.#flush();
    this.#gatheredStream = this.#stream;
    this.#gathered.push(piece);
    return piece.length;
  }

  #flush(): void {
    const pieces = this.#gathered;
    if (pieces.length === 0) return;
    this.#gathered = [];
    const [only] = pieces;
    this.#sink(pieces.length === 1 && only ? only : Buffer.concat(pieces), this.#gatheredStream);
  }
}
