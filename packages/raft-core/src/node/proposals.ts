import type { DroppedProposal } from "../core/raft.ts";
import type { RaftError } from "../errors.ts";
import type { Entry } from "../types.ts";
import { type NodeStoppedError, ProposalDroppedError, ProposalOutcomeUnknownError } from "./errors.ts";
import { Meter } from "./meter.ts";
import { ProposalBudget, type ProposalLimits, type ProposalPriority } from "./proposal-budget.ts";

/** How one proposal is treated. */
export interface ProposeOptions {
  /**
   * Ends the waiting. Not yet proposed: it never will be, and the promise rejects with
   * {@link ProposalDroppedError}. Already proposed: {@link ProposalOutcomeUnknownError}.
   */
  readonly signal?: AbortSignal;
  /** Default "user". */
  readonly priority?: ProposalPriority;
}

/** A proposal from its call to its one end. */
interface Proposal<Result> {
  readonly data: Uint8Array;
  readonly priority: ProposalPriority;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: Error) => void;
  /** See {@link Meter.now}. */
  readonly beganAtMs: number;
  /** Set once the log took it. */
  term: number | undefined;
  /** The caller has its answer; what is left is to give back the budget. */
  answered: boolean;
  forgetSignal: () => void;
}

/**
 * The proposals of this node. Each is first queued, then (once the log took it) tracked by index and term,
 * and ends exactly once. A proposal whose caller gave up after the log took it keeps its part of the budget
 * until its fate is known, because its bytes are still in memory.
 */
export class Proposals<Result> {
  readonly #budget: ProposalBudget;
  readonly #meter: Meter;
  /** In the order they came. */
  readonly #queued: Record<ProposalPriority, Proposal<Result>[]> = { system: [], user: [] };
  readonly #tracked = new Map<number, Proposal<Result>>();

  constructor(limits: ProposalLimits, meter: Meter = new Meter()) {
    this.#budget = new ProposalBudget(limits);
    this.#meter = meter;
  }

  /** Proposals begun and not ended. */
  get inflight(): number {
    return this.#budget.count;
  }

  get inflightBytes(): number {
    return this.#budget.sizeBytes;
  }

  /** Queues a proposal, or throws why it cannot be taken. */
  submit(data: Uint8Array, options: ProposeOptions): Promise<Result> {
    const { signal, priority = "user" } = options;
    const refusal = this.#budget.refusal(data.length, priority);
    if (refusal !== undefined) throw this.refused(refusal, data.length);
    if (signal?.aborted === true) throw this.refused(abortedBefore(signal), data.length);
    return new Promise<Result>((resolve, reject) => {
      const proposal: Proposal<Result> = {
        data,
        priority,
        resolve,
        reject,
        beganAtMs: this.#meter.now(),
        term: undefined,
        answered: false,
        forgetSignal: nothing,
      };
      this.#queued[priority].push(proposal);
      this.#budget.take(data.length, priority);
      if (signal !== undefined) this.#listen(proposal, signal);
    });
  }

  /** Takes note of a proposal that is refused at once, and gives back why. */
  refused<Refusal extends RaftError>(refusal: Refusal, sizeBytes: number): Refusal {
    this.#meter.proposalFailed(refusal, this.#meter.now(), sizeBytes);
    return refusal;
  }

  /** The next proposals for the log: system ones first, at least one if there is one, about `maxBytes`. */
  next(maxBytes: number): Uint8Array[] {
    const batch: Uint8Array[] = [];
    let sizeBytes = 0;
    for (const queue of [this.#queued.system, this.#queued.user]) {
      for (const { data } of queue) {
        sizeBytes += data.length;
        if (batch.length > 0 && sizeBytes > maxBytes) return batch;
        batch.push(data);
      }
    }
    return batch;
  }

  /** The log took the first `count` of what {@link next} gave, from `firstIndex` on. */
  taken(count: number, firstIndex: number, term: number): void {
    const system = this.#queued.system.splice(0, count);
    const user = this.#queued.user.splice(0, count - system.length);
    let index = firstIndex;
    for (const taken of [system, user]) {
      for (const proposal of taken) {
        proposal.term = term;
        this.#tracked.set(index++, proposal);
      }
    }
  }

  /** The entry was applied here; a proposal at its index ends with the result if the entry is its own. */
  applied(entry: Entry, result: Result): void {
    const proposal = this.#untrack(entry.index);
    if (proposal === undefined) return;
    if (proposal.term === entry.term) this.#resolve(proposal, result);
    else this.#reject(proposal, replaced(entry.index));
  }

  /** The core says that it cannot follow this proposal any further. */
  dropped({ index, term, outcome }: DroppedProposal): void {
    if (this.#tracked.get(index)?.term !== term) return;
    const proposal = this.#untrack(index);
    if (proposal === undefined) return;
    this.#reject(proposal, outcome === "dropped" ? replaced(index) : unknown(index));
  }

  /** A snapshot jumped over these: their entries will not be applied one by one here. */
  passed(index: number): void {
    for (const [at, proposal] of this.#tracked) {
      if (at > index) continue;
      this.#tracked.delete(at);
      this.#reject(proposal, unknown(at));
    }
  }

  /** Ends everything that the log has not taken. */
  rejectQueued(reason: () => RaftError): void {
    if (this.#queued.system.length + this.#queued.user.length === 0) return;
    const queued = [...this.#queued.system.splice(0), ...this.#queued.user.splice(0)];
    for (const proposal of queued) this.#reject(proposal, reason());
  }

  /** Ends everything: the node stops or failed. */
  rejectAll(cause: NodeStoppedError): void {
    this.rejectQueued(() => cause);
    for (const [index, proposal] of this.#tracked) {
      this.#tracked.delete(index);
      this.#reject(proposal, unknown(index, cause));
    }
  }

  #listen(proposal: Proposal<Result>, signal: AbortSignal): void {
    const onAbort = (): void => this.#abort(proposal, signal);
    signal.addEventListener("abort", onAbort, { once: true });
    proposal.forgetSignal = () => signal.removeEventListener("abort", onAbort);
  }

  #abort(proposal: Proposal<Result>, signal: AbortSignal): void {
    const queue = this.#queued[proposal.priority];
    const position = queue.indexOf(proposal);
    if (position === -1) return this.#answerWith(proposal, abortedAfter(signal));
    queue.splice(position, 1);
    this.#reject(proposal, abortedBefore(signal));
  }

  #untrack(index: number): Proposal<Result> | undefined {
    const proposal = this.#tracked.get(index);
    this.#tracked.delete(index);
    return proposal;
  }

  #resolve(proposal: Proposal<Result>, result: Result): void {
    this.#release(proposal);
    if (proposal.answered) return;
    proposal.answered = true;
    this.#meter.proposalApplied(proposal.beganAtMs, proposal.data.length);
    proposal.resolve(result);
  }

  #reject(proposal: Proposal<Result>, error: RaftError): void {
    this.#release(proposal);
    if (!proposal.answered) this.#answerWith(proposal, error);
  }

  #answerWith(proposal: Proposal<Result>, error: RaftError): void {
    proposal.answered = true;
    this.#meter.proposalFailed(error, proposal.beganAtMs, proposal.data.length);
    proposal.reject(error);
  }

  #release(proposal: Proposal<Result>): void {
    this.#budget.giveBack(proposal.data.length, proposal.priority);
    proposal.forgetSignal();
  }
}

/** Shared, as most proposals come without a signal. */
function nothing(): void {}

function abortedBefore(signal: AbortSignal): ProposalDroppedError {
  return new ProposalDroppedError(
    "The caller stopped waiting before the proposal reached the log; it never will.",
    {
      cause: signal.reason,
    },
  );
}

function abortedAfter(signal: AbortSignal): ProposalOutcomeUnknownError {
  return new ProposalOutcomeUnknownError(
    "The caller stopped waiting after the log took the proposal; it may yet be applied.",
    {
      cause: signal.reason,
    },
  );
}

function replaced(index: number): ProposalDroppedError {
  return new ProposalDroppedError(`Another leader's entry was committed at index ${index}. Propose again.`);
}

function unknown(index: number, cause?: Error): ProposalOutcomeUnknownError {
  return new ProposalOutcomeUnknownError(
    `Leadership was lost, or the node stopped, with the proposal at index ${index} not known to be committed. It may be applied later or never.`,
    cause === undefined ? undefined : { cause },
  );
}
