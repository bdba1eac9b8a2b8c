import { Buffer } from "node:buffer";
import { SegmentQueue } from "./segment-queue.ts";

export type OutputStream = "stdout" | "stderr";

/** A run of output of one stream. The bytes are a copy: later writes do not change them. */
export interface OutputChunk {
  readonly offset: number;
  readonly stream: OutputStream;
  readonly bytes: Uint8Array;
}

/** Bytes `[from, to)` that were overwritten before they were read. */
export interface OutputGap {
  readonly from: number;
  readonly to: number;
}

export interface OutputRead {
  /** In order, without holes between them. Empty: nothing new yet, or all read. */
  readonly chunks: readonly OutputChunk[];
  /** Where to read on. */
  readonly nextOffset: number;
  /** Set when the bytes asked for are gone; the chunks then begin at `gap.to`. */
  readonly gap?: OutputGap;
  /** Nothing will follow `nextOffset`. */
  readonly ended: boolean;
}

export interface OutputBufferOptions {
  /** Bytes kept, at least 1. Memory grows up to this with the output; older bytes are overwritten. */
  readonly capacityBytes: number;
}

/** Enough for text in short lines; alternating single bytes overwrite earlier than the capacity says. */
const BYTES_PER_SEGMENT = 16;
const FIRST_ALLOCATION_BYTES = 4096;

/**
 * The output of one attempt: a ring of bounded memory over one sequence of bytes, stdout and
 * stderr in order of arrival. Offsets are absolute and never reused, so that any number of
 * readers keep their own position and learn exactly what they missed. Writing never waits.
 */
export class OutputBuffer {
  readonly capacityBytes: number;
  #ring: Buffer = Buffer.alloc(0);
  #total = 0;
  #closed = false;
  readonly #segments: SegmentQueue;
  readonly #listeners = new Set<() => void>();

  constructor({ capacityBytes }: OutputBufferOptions) {
    if (!Number.isSafeInteger(capacityBytes) || capacityBytes < 1) {
      throw new RangeError(`capacityBytes must be a positive integer, not ${capacityBytes}`);
    }
    this.capacityBytes = capacityBytes;
    this.#segments = new SegmentQueue(Math.max(2, Math.ceil(capacityBytes / BYTES_PER_SEGMENT)));
  }

  /** Bytes written in all, kept or not. */
  get totalBytes(): number {
    return this.#total;
  }

  /** Offset of the oldest byte kept. */
  get firstOffset(): number {
    return Math.max(this.#total - this.capacityBytes, this.#segments.firstOffset);
  }

  /** Whether `end` was called. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Appends a copy of `chunk`. Ignored after `end`. */
  write(chunk: Uint8Array, stream: OutputStream): void {
    if (this.#closed || chunk.length === 0) return;
    const start = this.#total;
    this.#total += chunk.length;
    const kept = chunk.length > this.capacityBytes ? chunk.subarray(-this.capacityBytes) : chunk;
    this.#grow(Math.min(this.#total, this.capacityBytes), start);
    this.#put(kept, this.#total - kept.length);
    this.#segments.append(start, stream);
    this.#segments.dropBefore(this.#total - this.capacityBytes);
    this.#notify();
  }

  /** Says that nothing follows. May be called twice. */
  end(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#notify();
    this.#listeners.clear();
  }

  /** A copy of the last `bytes` bytes kept, or of fewer if there are fewer. */
  tail(bytes: number): Uint8Array {
    return this.#copy(Math.max(this.firstOffset, this.#total - Math.max(0, bytes)), this.#total);
  }

  /**
   * Up to `maxBytes` from `offset` on. An offset beyond the end reads nothing; one that is no
   * longer kept reads on from the oldest byte and says so in `gap`.
   */
  read(offset: number, maxBytes: number): OutputRead {
    const first = this.firstOffset;
    const from = Math.min(Math.max(offset, first), this.#total);
    const to = Math.min(this.#total, from + Math.max(0, maxBytes));
    const chunks = this.#segments.between(from, to).map((segment) => ({
      offset: segment.from,
      stream: segment.stream,
      bytes: this.#copy(segment.from, segment.to),
    }));
    const nextOffset = Math.max(to, Math.min(offset, this.#total));
    const ended = this.#closed && nextOffset >= this.#total;
    const read = { chunks, nextOffset, ended };
    return Math.max(0, offset) < first ? { ...read, gap: { from: Math.max(0, offset), to: first } } : read;
  }

  /** Calls back after each write and at the end, until the returned function is called. Exceptions are the listener's fault and travel to the writer. */
  onChange(listener: () => void): () => void {
    if (this.#closed) return () => {};
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #notify(): void {
    for (const listener of [...this.#listeners]) listener();
  }

  /** Doubles the ring until it holds `needed`; positions change with its size, so what is kept moves. */
  #grow(needed: number, end: number): void {
    if (needed <= this.#ring.length) return;
    let size = Math.max(this.#ring.length, Math.min(FIRST_ALLOCATION_BYTES, this.capacityBytes));
    while (size < needed) size = Math.min(size * 2, this.capacityBytes);
    const start = Math.max(0, end - this.#ring.length);
    const kept = this.#copy(start, end);
    this.#ring = Buffer.alloc(size);
    this.#put(kept, start);
  }

  #put(bytes: Uint8Array, offset: number): void {
    const at = offset % this.#ring.length;
    const head = bytes.subarray(0, this.#ring.length - at);
    this.#ring.set(head, at);
    this.#ring.set(bytes.subarray(head.length), 0);
  }

  #copy(from: number, to: number): Buffer {
    const length = to - from;
    if (length <= 0) return Buffer.alloc(0);
    const at = from % this.#ring.length;
    const head = this.#ring.subarray(at, Math.min(at + length, this.#ring.length));
    return Buffer.concat([head, this.#ring.subarray(0, length - head.length)], length);
  }
}
