import type { OutputStream } from "./output-buffer.ts";

interface Segment {
  readonly from: number;
  readonly stream: OutputStream;
}

export interface SegmentRange extends Segment {
  readonly to: number;
}

/**
 * Which stream each run of an output's bytes belongs to. Adjacent runs of one stream are one;
 * their number is bounded, so that alternating single bytes cannot fill the memory.
 */
export class SegmentQueue {
  readonly #max: number;
  #segments: Segment[] = [];
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
    if (this.#segments.at(-1)?.stream === stream && this.#segments.length > this.#head) return;
    this.#segments.push({ from, stream });
    if (this.#segments.length - this.#head > this.#max) this.#head += 1;
    this.#cut();
  }

  /** Forgets the segments that end at or before `offset`. */
  dropBefore(offset: number): void {
    for (let next = this.#head + 1; next < this.#segments.length; next += 1) {
      if ((this.#segments[next]?.from ?? Infinity) > offset) break;
      this.#head = next;
    }
    this.#cut();
  }

  /** The segment that holds `offset`, which is known and written; `to` is Infinity for the last one. */
  at(offset: number): SegmentRange | undefined {
    const place = this.#placeOf(offset);
    const segment = this.#segments[place];
    return segment && { ...segment, to: this.#segments[place + 1]?.from ?? Infinity };
  }

  /** Binary search for the last segment that begins at or before `offset`. */
  #placeOf(offset: number): number {
    let low = this.#head;
    let high = this.#segments.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#segments[middle]?.from ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #cut(): void {
    this.#firstOffset = this.#segments[this.#head]?.from ?? 0;
    if (this.#head * 2 < this.#segments.length) return;
    this.#segments = this.#segments.slice(this.#head);
    this.#head = 0;
  }
}
