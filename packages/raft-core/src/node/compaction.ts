import { entrySizeBytes } from "../core/log.ts";
import type { Entry, SnapshotMeta } from "../types.ts";

export interface CompactionLimits {
  readonly logMaxBytes: number;
  readonly logMaxEntries: number;
  readonly logTailShare: number;
  readonly logHardBytes: number;
  readonly logHardEntries: number;
}

export interface LogExtent {
  readonly firstIndex: number;
  readonly lastIndex: number;
  readonly logSizeBytes: number;
}

export interface CompactionParts {
  extent(): LogExtent;
  entries(from: number, limit: number): readonly Entry[];
  termAt(index: number): number | undefined;
  /** The newest durable point of the state, with its members filled in. */
  durable(): SnapshotMeta;
  /** What a snapshot on its way, or a peer that just installed one, still needs the log after, if any. */
  heldIndex(): number | undefined;
  abortSnapshots(): void;
  /** Forgets up to `meta.index`, in the core and on disk; false when it is too early. */
  compact(meta: SnapshotMeta): boolean;
}

/** Entries looked at in one go while measuring the log from its beginning. */
const STEP_ENTRIES = 1024;
/** After a try, the log must grow by this part of its limit before the next one. */
const RETRY_GROWTH = 1 / 16;

/**
 * Keeps the log in memory within bounds (G18, G22): above its limit it is cut down to a tail for followers
 * that lag, never beyond what the state holds durably, nor beyond what a snapshot on its way, or the peer that
 * installed it, needs, unless the log passes its hard limit.
 */
export class Compaction {
  readonly #limits: CompactionLimits;
  readonly #parts: CompactionParts;
  #nextFill = 1;

  constructor(limits: CompactionLimits, parts: CompactionParts) {
    this.#limits = limits;
    this.#parts = parts;
  }

  /** Compacts if the log is above its limit. Cheap when it is not. */
  run(): void {
    const extent = this.#parts.extent();
    if (this.#fill(extent) <= this.#nextFill) return;
    if (this.#isTooLong(extent) && this.#parts.heldIndex() !== undefined) this.#parts.abortSnapshots();
    this.#compact(extent);
    this.#nextFill = Math.max(1, this.#fill(this.#parts.extent()) + RETRY_GROWTH);
  }

  #isTooLong({ firstIndex, lastIndex, logSizeBytes }: LogExtent): boolean {
    const { logHardBytes, logHardEntries } = this.#limits;
    return logSizeBytes > logHardBytes || lastIndex - firstIndex + 1 > logHardEntries;
  }

  /** How full the log is; 1 is its limit. */
  #fill({ firstIndex, lastIndex, logSizeBytes }: LogExtent): number {
    const { logMaxBytes, logMaxEntries } = this.#limits;
    return Math.max(logSizeBytes / logMaxBytes, (lastIndex - firstIndex + 1) / logMaxEntries);
  }

  #compact(extent: LogExtent): void {
    const durable = this.#parts.durable();
    const limit = Math.min(durable.index, this.#parts.heldIndex() ?? Infinity);
    const index = this.#cutIndex(extent, limit);
    const term = this.#parts.termAt(index);
    if (index < extent.firstIndex || term === undefined) return;
    this.#parts.compact({ ...durable, index, term });
  }

  /** The last index to forget so that only the tail is left, at most `limit`. */
  #cutIndex(extent: LogExtent, limit: number): number {
    const { logMaxBytes, logMaxEntries, logTailShare } = this.#limits;
    let { logSizeBytes: keptBytes, firstIndex } = extent;
    const enough = (): boolean =>
      keptBytes <= logMaxBytes * logTailShare &&
      extent.lastIndex - firstIndex + 1 <= logMaxEntries * logTailShare;
    while (firstIndex <= limit && !enough()) {
      const entries = this.#parts.entries(firstIndex, Math.min(STEP_ENTRIES, limit - firstIndex + 1));
      if (entries.length === 0) break;
      for (const entry of entries) {
        if (enough()) break;
        keptBytes -= entrySizeBytes(entry);
        firstIndex++;
      }
    }
    return firstIndex - 1;
  }
}
