/**
 * The markers that are kept: those of a span of writes that is longer than LevelDB's
 * write-ahead log can be, since only there can whole writes be lost in silence.
 */

/** LevelDB holds at most two write buffers of 4 MiB in its write-ahead logs; this is twice as much. */
export const MARKER_SPAN_BYTES: number = 16 * 1_048_576;

interface Kept {
  readonly sequence: number;
  readonly sizeBytes: number;
}

export class MarkerWindow {
  #kept: Kept[] = [];
  #first = 0;
  #sizeBytes = 0;

  /** Adds the marker of the newest write; returns the sequences of those no longer needed. */
  push(marker: Kept): number[] {
    this.#kept.push(marker);
    this.#sizeBytes += marker.sizeBytes;
    const dropped: number[] = [];
    for (
      let oldest = this.#oldest();
      oldest && this.#sizeBytes - oldest.sizeBytes >= MARKER_SPAN_BYTES;
      oldest = this.#oldest()
    ) {
      dropped.push(oldest.sequence);
      this.#sizeBytes -= oldest.sizeBytes;
      this.#first += 1;
    }
    this.#forget();
    return dropped;
  }

  /** Takes up the markers found on disk; what is too old of them goes with the next write. */
  restore(markers: readonly Kept[]): void {
    for (const { sequence, sizeBytes } of markers) {
      this.#kept.push({ sequence, sizeBytes });
      this.#sizeBytes += sizeBytes;
    }
  }

  #oldest(): Kept | undefined {
    return this.#kept[this.#first];
  }

  /** Shifting one by one would cost the length of the window each time. */
  #forget(): void {
    if (this.#first < 1_024 || this.#first * 2 < this.#kept.length) return;
    this.#kept = this.#kept.slice(this.#first);
    this.#first = 0;
  }
}
