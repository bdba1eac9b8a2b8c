import { Buffer } from "node:buffer";
import type { BudgetMember, OutputBudget } from "./output-budget.ts";
import { OutputPages } from "./output-pages.ts";
import { OutputReader } from "./output-reader.ts";
import type { OutputPiece, OutputReaderOptions, ReadableOutput } from "./output-reader.ts";
import { SegmentQueue } from "./segment-queue.ts";

export type OutputStream = "stdout" | "stderr";

/**
 * A run of output of one stream. Later writes do not change the bytes. They are shared with all
 * readers, so they must not be written to; whoever keeps them keeps up to 64 KiB around them.
 */
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
  /**
   * Bytes kept, at least 1. Memory grows with the output up to this and two pages (64 KiB each at most); older bytes are
   * dropped. Where the two streams alternate in pieces of a few bytes, knowing which is which takes up to one and a half
   * times as much again, which no budget counts.
   */
  readonly capacityBytes: number;
  /** Bounds this output and others together; `discard` the output when it is no longer needed. Default none. */
  readonly budget?: OutputBudget | undefined;
  /**
   * Where the bytes begin: those before it were written, or may have been, and are gone, which readers see as a gap.
   * Default 0.
   */
  readonly startOffset?: number;
}

/** Enough for text in short lines; alternating single bytes overwrite earlier than the capacity says. */
const BYTES_PER_SEGMENT = 16;

/**
 * The output of one attempt: a ring of bounded memory over one sequence of bytes, stdout and
 * stderr in order of arrival. Offsets are absolute and never reused, so that any number of
 * readers keep their own position and learn exactly what they missed. Writing never waits.
 *
 * @example
 * for await (const piece of output.reader({ tailBytes: 1000, signal })) {
 *   if (piece.kind === "chunk") process.stdout.write(piece.bytes);
 *   else console.error(`missed bytes ${piece.from} to ${piece.to}`);
 * }
 */
export class OutputBuffer implements BudgetMember, ReadableOutput {
  readonly capacityBytes: number;
  readonly #budget: OutputBudget | undefined;
  readonly #pages: OutputPages;
  #total: number;
  #closed = false;
  #readerCount = 0;
  readonly #segments: SegmentQueue;
  readonly #listeners = new Set<() => void>();

  constructor({ capacityBytes, budget, startOffset = 0 }: OutputBufferOptions) {
    if (!Number.isSafeInteger(capacityBytes) || capacityBytes < 1) {
      throw new RangeError(`capacityBytes must be a positive integer, not ${capacityBytes}`);
    }
    if (!Number.isSafeInteger(startOffset) || startOffset < 0) {
      throw new RangeError(`startOffset must be an integer from 0, not ${startOffset}`);
    }
    this.capacityBytes = capacityBytes;
    this.#budget = budget;
    this.#total = startOffset;
    this.#pages = new OutputPages(capacityBytes, startOffset);
    this.#segments = new SegmentQueue(Math.max(2, Math.ceil(capacityBytes / BYTES_PER_SEGMENT)));
  }

  /** Bytes written in all, kept or not; those before `startOffset` count. */
  get totalBytes(): number {
    return this.#total;
  }

  /** Offset of the oldest byte kept. */
  get firstOffset(): number {
    return Math.max(this.#total - this.capacityBytes, this.#segments.firstOffset, this.#pages.firstOffset);
  }

  /** Memory of the bytes kept. */
  get heldBytes(): number {
    return this.#pages.heldBytes;
  }

  /** Readers that have neither ended nor left. */
  get readerCount(): number {
    return this.#readerCount;
  }

  /** Whether `end` was called. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Appends a copy of `chunk`. Ignored after `end`. */
  write(chunk: Uint8Array, stream: OutputStream): void {
    if (this.#closed || chunk.length === 0) return;
    const start = this.#total;
    const kept = chunk.length > this.capacityBytes ? chunk.subarray(-this.capacityBytes) : chunk;
    // Segments first: pages that the budget takes meanwhile may be those of this very chunk.
    this.#segments.append(start, stream);
    this.#total += chunk.length;
    this.#dropBefore(this.#total - this.capacityBytes);
    this.#pages.append(kept, this.#total - kept.length, (sizeBytes) => this.#budget?.reserve(sizeBytes, this));
    this.#segments.dropBefore(this.firstOffset);
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
    const chunks: OutputChunk[] = [];
    for (let at = from; at < to; at += chunks.at(-1)?.bytes.length ?? Infinity) chunks.push(this.#chunkAt(at, to));
    const nextOffset = Math.max(to, Math.min(offset, this.#total));
    const ended = this.#closed && nextOffset >= this.#total;
    const read = { chunks, nextOffset, ended };
    return Math.max(0, offset) < first ? { ...read, gap: { from: Math.max(0, offset), to: first } } : read;
  }

  /** What lies at `offset`, in one piece: see {@link ReadableOutput}. */
  pieceAt(offset: number, maxBytes: number): OutputPiece | undefined {
    const first = this.firstOffset;
    if (offset < first) return { kind: "gap", from: offset, to: first };
    if (offset >= this.#total) return undefined;
    return { kind: "chunk", ...this.#chunkAt(offset, Math.min(this.#total, offset + maxBytes)) };
  }

  /**
   * A reader of its own, from the start unless told otherwise. Neither the writer nor any other
   * reader waits for it. Throws a RangeError for options that are no such numbers.
   */
  reader(options: OutputReaderOptions = {}): OutputReader {
    this.#readerCount += 1;
    try {
      return new OutputReader(this, options, () => (this.#readerCount -= 1));
    } catch (error) {
      this.#readerCount -= 1;
      throw error;
    }
  }

  giveUpOldest(): number {
    return this.#pages.dropOldest();
  }

  /** Ends the output and forgets all bytes: readers that were behind see a gap. Its budget has the memory back. */
  discard(): void {
    this.#dropBefore(Infinity);
    this.#budget?.leave(this);
    this.end();
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

  #dropBefore(offset: number): void {
    const freedBytes = this.#pages.dropBefore(offset);
    this.#budget?.released(freedBytes);
    this.#segments.dropBefore(offset);
  }

  /** From `offset`, which is kept, to `to` at most; a stream's and a page's end cut it short. */
  #chunkAt(offset: number, to: number): OutputChunk {
    const segment = this.#segments.at(offset);
    if (!segment) throw new Error(`no stream is known for the byte at ${offset}`);
    return { offset, stream: segment.stream, bytes: this.#pages.slice(offset, Math.min(to, segment.to)) };
  }

  #copy(from: number, to: number): Buffer {
    const copy = Buffer.alloc(Math.max(0, to - from));
    for (let at = from; at < to; ) {
      const bytes = this.#pages.slice(at, to);
      copy.set(bytes, at - from);
      at += bytes.length;
    }
    return copy;
  }
}
