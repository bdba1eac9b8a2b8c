import type { DroppedRead, ReadOutcome, ReadState } from "../core/raft.ts";
import type { NodeId } from "../types.ts";
import { NotLeaderError, TooManyReadsError } from "./errors.ts";

interface Read {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
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
  #waiting: Read[] = [];
  readonly #rounds = new Map<number, readonly Read[]>();
  #confirmed: ConfirmedRound[] = [];
  #context = 0;
  #pending = 0;

  constructor(maxPending: number) {
    this.#maxPending = maxPending;
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
      this.#waiting.push({ resolve, reject });
    });
  }

  /** Begins a round for the reads that wait. */
  flush(readIndex: (context: number) => ReadOutcome): void {
    if (this.#waiting.length === 0 || this.#rounds.size >= MAX_ROUNDS) return;
    const context = ++this.#context;
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

  /** A round that will not be confirmed: nothing was read, so its reads go into the next round while this node leads. */
  dropped({ context }: DroppedRead): void {
    this.#waiting = [...this.#takeRound(context), ...this.#waiting];
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
