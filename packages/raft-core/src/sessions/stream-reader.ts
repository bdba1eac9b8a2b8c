/** Takes exact numbers of bytes from chunks that were cut anywhere, and passes on the rest. */
export class StreamReader {
  readonly #source: AsyncIterator<Uint8Array>;
  /** What was read and not taken, in order. */
  #held: Uint8Array[] = [];
  #heldBytes = 0;

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#source = chunks[Symbol.asyncIterator]();
  }

  /** The next bytes, or undefined when fewer are left. Rejects with what the chunks reject with. */
  async take(sizeBytes: number): Promise<Uint8Array | undefined> {
    while (this.#heldBytes < sizeBytes) {
      const next = await this.#source.next();
      if (next.done === true) return undefined;
      this.#held.push(next.value);
      this.#heldBytes += next.value.length;
    }
    const taken = new Uint8Array(sizeBytes);
    for (let at = 0; at < sizeBytes;) at += this.#moveTo(taken, at);
    this.#heldBytes -= sizeBytes;
    return taken;
  }

  /** All that was not taken. */
  async *rest(): AsyncGenerator<Uint8Array> {
    try {
      for (const chunk of this.#held) if (chunk.length > 0) yield chunk;
      this.#held = [];
      for (let next = await this.#source.next(); next.done !== true; next = await this.#source.next())
        yield next.value;
    } finally {
      await this.close();
    }
  }

  /** Lets the source go. May be called twice. */
  async close(): Promise<void> {
    await this.#source.return?.(undefined);
  }

  /** Moves what fits of the oldest chunk to `target` from `at` on; gives how much that was. */
  #moveTo(target: Uint8Array, at: number): number {
    const [chunk = new Uint8Array(0)] = this.#held;
    const part = chunk.subarray(0, target.length - at);
    target.set(part, at);
    if (part.length === chunk.length) this.#held.shift();
    else this.#held[0] = chunk.subarray(part.length);
    return part.length;
  }
}
