/** Each copy of `bytes` with one bit flipped. */
export function* withOneBitFlipped(bytes: Uint8Array): Generator<Uint8Array> {
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const copy = Uint8Array.from(bytes);
    copy[bit >> 3]! ^= 1 << (bit & 7);
    yield copy;
  }
}
