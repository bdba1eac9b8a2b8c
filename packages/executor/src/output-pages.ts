import { Buffer } from "node:buffer";

interface Page {
  readonly from: number;
  readonly bytes: Buffer;
  used: number;
}

const FIRST_PAGE_BYTES = 4 * 1024;
/** No page is larger, so that a slice in use holds little more than itself. */
export const MAX_PAGE_BYTES: number = 64 * 1024;

/**
 * The bytes of an output in pages that are filled once and never written again: a slice of a
 * page stays true for as long as its holder keeps it, and all readers share it without a copy.
 * Dropping a page forgets it; the memory goes when its last slice does.
 */
export class OutputPages {
  readonly #maxPageBytes: number;
  #pages: Page[] = [];
  #heldBytes = 0;
  #end: number;

  constructor(capacityBytes: number, startOffset = 0) {
    this.#end = startOffset;
    const eighth = Math.max(FIRST_PAGE_BYTES, Math.min(MAX_PAGE_BYTES, Math.floor(capacityBytes / 8)));
    this.#maxPageBytes = Math.min(capacityBytes, eighth);
  }

  /** Memory of the pages, whether filled or not. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Offset of the oldest byte held; that of the next one when none is. */
  get firstOffset(): number {
    return this.#pages[0]?.from ?? this.#end;
  }

  /** Appends a copy of `bytes` at `offset`, the end so far or, after `clear`, any place beyond it. */
  append(bytes: Uint8Array, offset: number, reserve: (sizeBytes: number) => void): void {
    this.#end = offset;
    for (let done = 0; done < bytes.length; ) {
      const page = this.#openPage(reserve);
      const part = bytes.subarray(done, done + page.bytes.length - page.used);
      page.bytes.set(part, page.used);
      page.used += part.length;
      done += part.length;
      this.#end += part.length;
    }
  }

  /** The bytes from `from` on to `to` at most, as far as one page has them; both lie within what is held. */
  slice(from: number, to: number): Uint8Array {
    const page = this.#pages[this.#placeOf(from)];
    if (!page) return Buffer.alloc(0);
    return page.bytes.subarray(from - page.from, Math.min(page.used, to - page.from));
  }

  /** Forgets the pages that end at or before `offset`. Returns the bytes of memory given up. */
  dropBefore(offset: number): number {
    let freed = 0;
    for (let page = this.#pages[0]; page && page.from + page.used <= offset; page = this.#pages[0]) freed += this.dropOldest();
    return freed;
  }

  /** Forgets the oldest page. Returns the bytes of memory given up; 0 when there is none. */
  dropOldest(): number {
    const freed = this.#pages.shift()?.bytes.length ?? 0;
    this.#heldBytes -= freed;
    return freed;
  }

  /** The page with room for the next byte. Reserving may drop pages, even the last one. */
  #openPage(reserve: (sizeBytes: number) => void): Page {
    const last = this.#pages.at(-1);
    if (last && last.used < last.bytes.length) return last;
    const sizeBytes = Math.min(this.#maxPageBytes, Math.max(FIRST_PAGE_BYTES, this.#heldBytes));
    reserve(sizeBytes);
    const page = { from: this.#end, bytes: Buffer.alloc(sizeBytes), used: 0 };
    this.#pages.push(page);
    this.#heldBytes += sizeBytes;
    return page;
  }

  /** Binary search for the last page that begins at or before `offset`. */
  #placeOf(offset: number): number {
    let low = 0;
    let high = this.#pages.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#pages[middle]?.from ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
