/**
 * Appends given to the storage and not yet durable.
 *
 * An acknowledgement says that a write once was on disk, not that what it wrote still is what the log
 * holds: a later leader may have replaced it meanwhile, even by an entry of the same index and term
 * (A, then B, then A again). So every overwrite shortens what earlier writes can still prove.
 */
import type { HardState } from "../types.ts";
import { invariant } from "./errors.ts";

interface Write {
  readonly id: number;
  readonly hardState: HardState | undefined;
  /** The last log index this write proves durable; 0 for none. */
  lastIndex: number;
}

/** What acknowledged writes have made durable. */
export interface DurableStep {
  readonly lastIndex: number;
  readonly hardState: HardState | undefined;
}

export class InFlightWrites {
  #writes: Write[] = [];
  #lastId = 0;

  /** The id of the newest write begun. */
  get lastId(): number {
    return this.#lastId;
  }

  get isIdle(): boolean {
    return this.#writes.length === 0;
  }

  /** Begins the next write and returns its id. */
  begin(lastIndex: number, hardState: HardState | undefined): number {
    this.#lastId += 1;
    this.#writes.push({ id: this.#lastId, lastIndex, hardState });
    return this.#lastId;
  }

  /** Entries from `index` on are being replaced: no earlier write proves anything about them. */
  overwrittenFrom(index: number): void {
    for (const write of this.#writes) write.lastIndex = Math.min(write.lastIndex, index - 1);
  }

  /** Writes up to `id` are durable. Repeating an acknowledgement changes nothing. */
  acknowledge(id: number): DurableStep {
    invariant(id <= this.#lastId, () => `append ${id} was acknowledged, but ${this.#lastId} is the newest.`);
    let lastIndex = 0;
    let hardState: HardState | undefined;
    let count = 0;
    for (const write of this.#writes) {
      if (write.id > id) break;
      lastIndex = Math.max(lastIndex, write.lastIndex);
      hardState = write.hardState ?? hardState;
      count += 1;
    }
    this.#writes.splice(0, count);
    return { lastIndex, hardState };
  }
}
