import type { DroppedRead, ReadOutcome, ReadState } from "../core/raft.ts";
import type { RaftError } from "../errors.ts";
import type { NodeId } from "../types.ts";
import { NotLeaderError, TooManyReadsError } from "./errors.ts";
import { Meter } from "./meter.ts";
import type { ReadKind } from "./observer.ts";

/** How one read is served. */
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
  /** Default "leader". Also tells apart the rounds of the two kinds in one core: the numbers of forwarded ones are negative. */
  readonly kind?: ReadKind;
  readonly meter?: Meter;
}

interface Read {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
  /** See {@link Meter.now}. */
  readonly beganAtMs: number;
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
  readonly #kind: ReadKind;
  readonly #meter: Meter;
  #waiting: Read[] = [];
  readonly #rounds = new Map<number, readonly Read[]>();
  #confirmed: ConfirmedRound[] = [];
  #context = 0;
  #pending = 0;

  constructor({ maxPending, maxRetries = Number.POSITIVE_INFINITY, kind = "leader", meter }: ReadsOptions) {
    this.#maxPending = maxPending;
    this.#maxRetries = maxRetries;
    this.#kind = kind;
    this.#meter = meter ?? new Meter();
  }

  get pending(): number {
    return this.#pending;
  }

  submit(): Promise<void> {
    if (this.#pending >= this.#maxPending) {
      const message = `${this.#pending} reads wait for their confirmation. Try again in a moment.`;
      throw this.refused(new TooManyReadsError(message));
    }
    return new Promise<void>((resolve, reject) => {
      this.#pending++;
      this.#waiting.push({ resolve, reject, beganAtMs: this.#meter.now(), retries: 0 });
    });
  }

  /** Takes note of a read that is refused at once, and gives back why. */
  refused<Refusal extends RaftError>(refusal: Refusal): Refusal {
    this.#meter.readFailed(this.#kind, refusal, this.#meter.now());
    return refusal;
  }

  /** Begins a round for the reads that wait. */
  flush(readIndex: (context: number) => ReadOutcome): void {
    if (this.#waiting.length === 0 || this.#rounds.size >= MAX_ROUNDS) return;
    this.#context += this.#kind === "leader" ? 1 : -1;
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
    this.#reject(givenUp ?? [], () => new NotLeaderError(leader));
  }

  /** Ends the confirmed reads that the state has caught up with. */
  applied(appliedIndex: number): void {
    if (this.#confirmed.length === 0) return;
    const ready = this.#confirmed.filter(({ index }) => index <= appliedIndex);
    this.#confirmed = this.#confirmed.filter(({ index }) => index > appliedIndex);
    for (const { reads } of ready) this.#resolve(reads);
  }

  /** This node does not lead: whatever is not confirmed will not be. A confirmed read stays true and only waits for apply. */
  rejectWaiting(leader: NodeId): void {
    if (this.#waiting.length === 0 && this.#rounds.size === 0) return;
    const waiting = [...this.#rounds.values(), this.#waiting].flat();
    this.#rounds.clear();
    this.#waiting = [];
    this.#reject(waiting, () => new NotLeaderError(leader));
  }

  rejectAll(reason: RaftError): void {
    const reads = [
      ...this.#confirmed.map((round) => round.reads),
      ...this.#rounds.values(),
      this.#waiting,
    ].flat();
    this.#confirmed = [];
    this.#rounds.clear();
    this.#waiting = [];
    this.#reject(reads, () => reason);
  }

  #takeRound(context: number): readonly Read[] {
    const reads = this.#rounds.get(context) ?? [];
    this.#rounds.delete(context);
    return reads;
  }

  #resolve(reads: readonly Read[]): void {
    this.#pending -= reads.length;
    for (const read of reads) {
      this.#meter.readServed(this.#kind, read.beganAtMs);
      read.resolve();
    }
  }

  #reject(reads: readonly Read[], reason: () => RaftError): void {
    this.#pending -= reads.length;
    for (const read of reads) {
      const error = reason();
      this.#meter.readFailed(this.#kind, error, read.beganAtMs);
      read.reject(error);
    }
  }
}
