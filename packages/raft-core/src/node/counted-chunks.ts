/** Counts the bytes of a snapshot that pass. */
export class CountedChunks {
  #sizeBytes = 0;

  /** Bytes that have passed. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  async *of(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      this.#sizeBytes += chunk.length;
      yield chunk;
    }
  }
}
