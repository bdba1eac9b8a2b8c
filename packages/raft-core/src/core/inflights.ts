/**
 * The append messages under way to one follower: a window in messages and in bytes.
 * A ring, because it turns over once for every message.
 */
export class Inflights {
  readonly #maxAppends: number;
  readonly #maxBytes: number;
  readonly #lastIndexes: number[] = [];
  readonly #sizes: number[] = [];
  #start = 0;
  #count = 0;
  #bytes = 0;

  constructor(maxAppends: number, maxBytes: number) {
    this.#maxAppends = maxAppends;
    this.#maxBytes = maxBytes;
  }

  get count(): number {
    return this.#count;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get isFull(): boolean {
    return this.#count >= this.#maxAppends || this.#bytes >= this.#maxBytes;
  }

  add(lastIndex: number, sizeBytes: number): void {
    const slot = (this.#start + this.#count) % this.#maxAppends;
    this.#lastIndexes[slot] = lastIndex;
    this.#sizes[slot] = sizeBytes;
    this.#count += 1;
    this.#bytes += sizeBytes;
  }

  /** Everything up to `index` has been answered. */
  freeTo(index: number): void {
    while (this.#count > 0 && (this.#lastIndexes[this.#start] ?? 0) <= index) this.freeFirst();
  }

  freeFirst(): void {
    if (this.#count === 0) return;
    this.#bytes -= this.#sizes[this.#start] ?? 0;
    this.#start = (this.#start + 1) % this.#maxAppends;
    this.#count -= 1;
  }

  clear(): void {
    this.#start = 0;
    this.#count = 0;
    this.#bytes = 0;
  }
}
