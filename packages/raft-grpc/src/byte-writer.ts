/**
 * Writes numbers and bytes into one buffer that is known to be large enough.
 */

/** The most bytes that an integer below 2^53 takes. */
export const MAX_VARINT_BYTES = 8;

export class ByteWriter {
  readonly #buffer: Buffer;
  #position: number;

  /** Writes from `position` on; whoever makes it vouches for the size. */
  constructor(sizeBytes: number, position = 0) {
    this.#buffer = Buffer.allocUnsafe(sizeBytes);
    this.#position = position;
  }

  get position(): number {
    return this.#position;
  }

  /** What was written from `start` on. */
  from(start: number): Buffer {
    return this.#buffer.subarray(start, this.#position);
  }

  byte(value: number): void {
    this.#buffer[this.#position++] = value;
  }

  /** An integer from 0 to 2^53 - 1, low seven bits first. */
  varint(value: number): void {
    let rest = value;
    while (rest > 0x7fff_ffff) {
      this.#buffer[this.#position++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    while (rest > 127) {
      this.#buffer[this.#position++] = (rest & 127) | 128;
      rest >>>= 7;
    }
    this.#buffer[this.#position++] = rest;
  }

  /** The length, then the bytes. */
  bytes(value: Uint8Array): void {
    this.varint(value.length);
    this.#buffer.set(value, this.#position);
    this.#position += value.length;
  }
}
