import type { OutputStream } from "./output-buffer.ts";

export interface SegmentRange {
  readonly from: number;
  readonly to: number;
  readonly stream: OutputStream;
}

/**
 * Which stream each run of an output's bytes belongs to. Adjacent runs of one stream are one;
 * their number is bounded, so that alternating single bytes cannot fill the memory.
 */
export class SegmentQueue {
  readonly #max: number;
  /** Where each segment begins. Streams alternate, so that numbers, 8 bytes each, are all there is to keep. */
  #starts: number[] = [];
  #lastStream: OutputStream | undefined;
  /** Segments before this place are dropped; the array is cut when half of it is. */
  #head = 0;
  #firstOffset = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** No byte before this offset is known any more. */
  get firstOffset(): number {
    return this.#firstOffset;
  }

  append(from: number, stream: OutputStream): void {
    if (this.#lastStream === stream) return;
    this.#lastStream = stream;
    this.#starts.push(from);
    if (this.#starts.length - this.#head > this.#max) this.#head += 1;
    this.#cut();
  }

  /** Forgets the segments that end at or before `offset`. */
  dropBefore(offset: number): void {
    for (let next = this.#head + 1; next < this.#starts.length; next += 1) {
      if ((this.#starts[next] ?? Infinity) > offset) break;
      this.#head = next;
    }
    this.#cut();
  }

  /** The segment that holds `offset`, which is known and written; `to` is Infinity for the last one. */
  at(offset: number): SegmentRange | undefined {
    const place = this.#placeOf(offset);
    const from = this.#starts[place];
    if (from === undefined || this.#lastStream === undefined) return undefined;
    const stream = (this.#starts.length - 1 - place) % 2 === 0 ? this.#lastStream : otherThan(this.#lastStream);
    return { from, to: this.#starts[place + 1] ?? Infinity, stream };
  }

  /** Binary search for the last segment that begins at or before `offset`. */
  #placeOf(offset: number): number {
    let low = this.#head;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #cut(): void {
    this.#firstOffset = this.#starts[this.#head] ?? 0;
    if (this.#head * 2 < this.#starts.length) return;
    this.#starts = this.#starts.slice(this.#head);
    this.#head = 0;
  }
}

function otherThan(stream: OutputStream): OutputStream {
  return stream === "stdout" ? "stderr" : "stdout";
}
