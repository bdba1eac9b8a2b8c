import type { DroppedRead, ReadOutcome, ReadState } from "../core/raft.ts";
import type { NodeId } from "../types.ts";
import { NotLeaderError, TooManyReadsError } from "./errors.ts";

export interface ReadOptions {
  /**
   * On a node that does not lead, ask its leader for the index and read here (dissertation 6.4). Default false:
   * such a node refuses, so that success also proves leadership.
   */
  readonly forward?: boolean;
}

export interface ReadsOptions {
  /** Reads waiting. */
  readonly maxPending: number;
  /** How often a read goes into another round after its own was dropped. Default: as often as it takes. */
  readonly maxRetries?: number;
  /** What tells apart the rounds of two users of one core: their numbers rise from it or, negative, fall. Default 1. */
  readonly firstContext?: 1 | -1;
}

interface Read {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
  retries: number;
}

/** Reads that share one confirmation. */
interface ConfirmedRound {
  readonly index: number;
  readonly reads: readonly Read[];
}

/**
 * Rounds of confirmation under way at once; reads that arrive meanwhile share the next. Two, so that a read
 * never waits for more than the rest of one round before its own begins.
 */
const MAX_ROUNDS = 2;

/** Linearizable reads (dissertation 6.4): many share a round, and a round never covers a read that came after it began. */
export class Reads {
  readonly #maxPending: number;
  readonly #maxRetries: number;
  readonly #step: 1 | -1;
  #waiting: Read[] = [];
  readonly #rounds = new Map<number, readonly Read[]>();
  #confirmed: ConfirmedRound[] = [];
  #context = 0;
  #pending = 0;

  constructor({ maxPending, maxRetries = Number.POSITIVE_INFINITY, firstContext = 1 }: ReadsOptions) {
    this.#maxPending = maxPending;
    this.#maxRetries = maxRetries;
    this.#step = firstContext;
  }

  get pending(): number {
    return this.#pending;
  }

  submit(): Promise<void> {
    if (this.#pending >= this.#maxPending) {
      throw new TooManyReadsError(
        `${this.#pending} reads wait for their confirmation. Try again in a moment.`,
      );
    }
    return new Promise<void>((resolve, reject) => {
      this.#pending++;
      this.#waiting.push({ resolve, reject, retries: 0 });
    });
  }

  /** Begins a round for the reads that wait. */
  flush(readIndex: (context: number) => ReadOutcome): void {
    if (this.#waiting.length === 0 || this.#rounds.size >= MAX_ROUNDS) return;
    this.#context += this.#step;
    const context = this.#context;
    const outcome = readIndex(context);
    if (outcome.accepted) {
      this.#rounds.set(context, this.#waiting);
      this.#waiting = [];
    } else if (outcome.reason === "noLeader") {
      this.rejectWaiting(outcome.leader);
    }
  }

  confirmed({ context, index }: ReadState): void {
    const reads = this.#takeRound(context);
    if (reads.length > 0) this.#confirmed.push({ index, reads });
  }

  /** A round that will not be confirmed: nothing was read, so its reads go into the next round while `leader` leads. */
  dropped({ context }: DroppedRead, leader: NodeId): void {
    const reads = this.#takeRound(context);
    for (const read of reads) read.retries++;
    const [givenUp, kept] = [true, false].map((isOver) =>
      reads.filter(({ retries }) => retries > this.#maxRetries === isOver),
    );
    this.#waiting = [...(kept ?? []), ...this.#waiting];
    this.#end(givenUp ?? [], (read) => read.reject(new NotLeaderError(leader)));
  }

  /** Ends the confirmed reads that the state has caught up with. */
  applied(appliedIndex: number): void {
    if (this.#confirmed.length === 0) return;
    const ready = this.#confirmed.filter(({ index }) => index <= appliedIndex);
    this.#confirmed = this.#confirmed.filter(({ index }) => index > appliedIndex);
    for (const { reads } of ready) this.#end(reads, (read) => read.resolve());
  }

  /** This node does not lead: whatever is not confirmed will not be. A confirmed read stays true and only waits for apply. */
  rejectWaiting(leader: NodeId): void {
    if (this.#waiting.length === 0 && this.#rounds.size === 0) return;
    const waiting = [...this.#rounds.values(), this.#waiting].flat();
    this.#rounds.clear();
    this.#waiting = [];
    this.#end(waiting, (read) => read.reject(new NotLeaderError(leader)));
  }

  rejectAll(reason: Error): void {
    const reads = [
      ...this.#confirmed.map((round) => round.reads),
      ...this.#rounds.values(),
      this.#waiting,
    ].flat();
    this.#confirmed = [];
    this.#rounds.clear();
    this.#waiting = [];
    this.#end(reads, (read) => read.reject(reason));
  }

  #takeRound(context: number): readonly Read[] {
    const reads = this.#rounds.get(context) ?? [];
    this.#rounds.delete(context);
    return reads;
  }

  #end(reads: readonly Read[], answer: (read: Read) => void): void {
    this.#pending -= reads.length;
    for (const read of reads) answer(read);
  }
}
