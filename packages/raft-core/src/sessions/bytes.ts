/** Numbers and byte strings, written in the one shortest way, and read without trust. */

/** Collects bytes. Numbers are safe integers from 0 on, seven bits in a byte, the lowest first. */
export class ByteWriter {
  #bytes: Uint8Array<ArrayBuffer>;
  #sizeBytes = 0;

  /** Grows beyond `expectedBytes` as needed. */
  constructor(expectedBytes = 32) {
    this.#bytes = new Uint8Array(expectedBytes);
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  byte(value: number): this {
    this.#makeRoom(1);
    this.#bytes[this.#sizeBytes++] = value;
    return this;
  }

  number(value: number): this {
    let rest = value;
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) this.byte((rest % 0x80) + 0x80);
    return this.byte(rest);
  }

  /** With its length before it. */
  bytes(value: Uint8Array): this {
    return this.number(value.length).raw(value);
  }

  raw(value: Uint8Array): this {
    this.#makeRoom(value.length);
    this.#bytes.set(value, this.#sizeBytes);
    this.#sizeBytes += value.length;
    return this;
  }

  /** What was written, in memory of its own. */
  done(): Uint8Array {
    return this.#bytes.slice(0, this.#sizeBytes);
  }

  #makeRoom(forBytes: number): void {
    const needed = this.#sizeBytes + forBytes;
    if (needed <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    larger.set(this.#bytes.subarray(0, this.#sizeBytes));
    this.#bytes = larger;
  }
}

/** Reads what {@link ByteWriter} wrote. Anything else ends in an error that `fail` makes of a reason. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #fail: (why: string) => Error;
  #at = 0;

  constructor(bytes: Uint8Array, fail: (why: string) => Error) {
    this.#bytes = bytes;
    this.#fail = fail;
  }

  get atEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  byte(): number {
    const value = this.#bytes[this.#at];
    if (value === undefined) throw this.#fail("it ends too early");
    this.#at++;
    return value;
  }

  number(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 0x80) {
      const byte = this.byte();
      value += (byte % 0x80) * scale;
      if (!Number.isSafeInteger(value)) throw this.#fail("a number is too large");
      if (byte >= 0x80) continue;
      if (byte === 0 && scale > 1) throw this.#fail("a number is not written in the shortest way");
      return value;
    }
  }

  /** A byte string with its length before it; a view, not a copy. */
  bytes(maxBytes: number): Uint8Array {
    const length = this.number();
    if (length > maxBytes) throw this.#fail(`${length} bytes are above the limit of ${maxBytes}`);
    if (length > this.#bytes.length - this.#at) throw this.#fail("it ends too early");
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  /** All that is left; a view, not a copy. */
  rest(): Uint8Array {
    const rest = this.#bytes.subarray(this.#at);
    this.#at = this.#bytes.length;
    return rest;
  }

  end(): void {
    if (!this.atEnd) throw this.#fail("something follows its end");
  }
}
