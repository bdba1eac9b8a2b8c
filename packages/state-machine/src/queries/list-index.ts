/**
 * Positions in a listing, newest first: the ranges of one status, or of all six merged.
 */
import { ExecutionStatus } from "@coxswain/protocol";
import type { AbstractSnapshot } from "abstract-level";
import { be64, listPrefix } from "../keys.ts";
import { fromBytes } from "../disk/text.ts";
import type { StateDatabase } from "../state-directory.ts";
import type { JobFilter } from "./types.ts";

/** A job in a listing. */
export interface Listed {
  readonly position: string;
  readonly jobId: string;
}

const PER_READ = 128;
/** Sorts after every hex digit. */
const AFTER_DIGITS = "g";
const STATUSES: readonly ExecutionStatus[] = [
  ExecutionStatus.PENDING,
  ExecutionStatus.RUNNING,
  ExecutionStatus.COMPLETED,
  ExecutionStatus.FAILED,
  ExecutionStatus.TIMED_OUT,
  ExecutionStatus.CANCELLED,
];

/** Newest first. `before`: only older positions. */
export async function* listed(
  db: StateDatabase,
  snapshot: AbstractSnapshot,
  filter: JobFilter,
  before: string | undefined,
): AsyncGenerator<Listed> {
  const statuses = filter.status === undefined ? STATUSES : [filter.status];
  const ranges = statuses.map(
    (status) => new ListRange(db, snapshot, filter, listPrefix(status, filter.owner), before),
  );
  try {
    for (;;) {
      let newest: ListRange | undefined;
      for (const range of ranges) {
        const head = await range.head();
        if (head !== undefined && (newest === undefined || head.position > (newest.peeked()?.position ?? "")))
          newest = range;
      }
      const next = newest?.take();
      if (next === undefined) return;
      yield next;
    }
  } finally {
    for (const range of ranges) await range.close();
  }
}

class ListRange {
  readonly #prefix: string;
  readonly #entries: { nextv(size: number): Promise<[string, Uint8Array][]>; close(): Promise<void> };
  #read: Listed[] = [];
  #at = 0;
  #done = false;

  constructor(
    db: StateDatabase,
    snapshot: AbstractSnapshot,
    filter: JobFilter,
    prefix: string,
    before: string | undefined,
  ) {
    const from = be64(Math.max(0, filter.createdAfterMs ?? 0));
    const createdBefore =
      filter.createdBeforeMs === undefined ? AFTER_DIGITS : be64(Math.max(0, filter.createdBeforeMs));
    const to = before !== undefined && before < createdBefore ? before : createdBefore;
    this.#prefix = prefix;
    this.#entries = db.iterator({ gte: prefix + from, lt: prefix + to, reverse: true, snapshot });
  }

  /** The newest that was not taken; reads on when needed. */
  async head(): Promise<Listed | undefined> {
    if (this.#at < this.#read.length || this.#done) return this.peeked();
    const entries = await this.#entries.nextv(PER_READ);
    this.#read = entries.map(([key, value]) => ({
      position: key.slice(this.#prefix.length),
      jobId: fromBytes(value),
    }));
    this.#at = 0;
    this.#done = entries.length === 0;
    return this.peeked();
  }

  peeked(): Listed | undefined {
    return this.#read[this.#at];
  }

  take(): Listed | undefined {
    return this.#read[this.#at++];
  }

  close(): Promise<void> {
    return this.#entries.close();
  }
}
