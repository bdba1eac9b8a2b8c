/**
 * Reads numbers and bytes, and never beyond the end, whatever the bytes say.
 */
import { MAX_VARINT_BYTES } from "./byte-writer.ts";
import { MalformedMessageError } from "./errors.ts";

const MAX_UINT32 = 0xffff_ffff;

export class ByteReader {
  readonly #bytes: Uint8Array;
  #position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.#position === this.#bytes.length;
  }

  byte(): number {
    const value = this.#bytes[this.#position];
    if (value === undefined) throw this.malformed("it ends too early");
    this.#position += 1;
    return value;
  }

  boolean(): boolean {
    const value = this.byte();
    if (value > 1) throw this.malformed("a boolean is neither 0 nor 1");
    return value === 1;
  }

  /** An integer from 0 to 2^53 - 1. */
  varint(): number {
    let value = 0;
    let factor = 1;
    for (let taken = 0; taken < MAX_VARINT_BYTES; taken++) {
      const byte = this.byte();
      value += (byte & 127) * factor;
      if (byte < 128) {
        if (value > Number.MAX_SAFE_INTEGER) throw this.malformed("a number is too large");
        return value;
      }
      factor *= 128;
    }
    throw this.malformed("a number is too long");
  }

  uint32(): number {
    const value = this.varint();
    if (value > MAX_UINT32) throw this.malformed("a number is too large");
    return value;
  }

  /** A number of items that follow, each of at least `itemBytes`. */
  count(itemBytes: number): number {
    const count = this.varint();
    if (count > (this.#bytes.length - this.#position) / itemBytes) throw this.malformed("a list is longer than the message");
    return count;
  }

  /** A view, not a copy: it keeps the whole message alive. */
  bytes(): Uint8Array {
    const length = this.count(1);
    const start = this.#position;
    this.#position += length;
    return new Uint8Array(this.#bytes.buffer, this.#bytes.byteOffset + start, length);
  }

  malformed(what: string): MalformedMessageError {
    return new MalformedMessageError(what, this.#position);
  }
}
