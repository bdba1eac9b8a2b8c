import type { DroppedProposal } from "../core/raft.ts";
import type { Entry } from "../types.ts";
import {
  type NodeStoppedError,
  ProposalDroppedError,
  ProposalOutcomeUnknownError,
  ProposalTooLargeError,
  TooManyProposalsError,
} from "./errors.ts";

/** "system" is for what keeps the cluster going (finishes, leases, membership); it has a reserved share and goes first (G21). */
export type ProposalPriority = "system" | "user";

export interface ProposeOptions {
  /**
   * Ends the waiting. Not yet proposed: it never will be, and the promise rejects with
   * {@link ProposalDroppedError}. Already proposed: {@link ProposalOutcomeUnknownError}.
   */
  readonly signal?: AbortSignal;
  /** Default "user". */
  readonly priority?: ProposalPriority;
}

export interface ProposalLimits {
  readonly maxProposalBytes: number;
  readonly maxInflightProposals: number;
  readonly maxUncommittedBytes: number;
  readonly systemShare: number;
}

/** A proposal from its call to its one end. */
interface Proposal<Result> {
  readonly data: Uint8Array;
  readonly priority: ProposalPriority;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: Error) => void;
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
  readonly #limits: ProposalLimits;
  readonly #queued: Record<ProposalPriority, Set<Proposal<Result>>> = { system: new Set(), user: new Set() };
  readonly #tracked = new Map<number, Proposal<Result>>();
  readonly #used = { system: { count: 0, sizeBytes: 0 }, user: { count: 0, sizeBytes: 0 } };

  constructor(limits: ProposalLimits) {
    this.#limits = limits;
  }

  /** Proposals begun and not ended. */
  get inflight(): number {
    return this.#used.system.count + this.#used.user.count;
  }

  get inflightBytes(): number {
    return this.#used.system.sizeBytes + this.#used.user.sizeBytes;
  }

  /** Queues a proposal, or throws why it cannot be taken. */
  submit(data: Uint8Array, options: ProposeOptions): Promise<Result> {
    const { signal, priority = "user" } = options;
    this.#refuseAboveLimits(data.length, priority);
    if (signal?.aborted === true) throw abortedBefore(signal);
    return new Promise<Result>((resolve, reject) => {
      const proposal: Proposal<Result> = {
        data,
        priority,
        resolve,
        reject,
        term: undefined,
        answered: false,
        forgetSignal: () => {},
      };
      this.#queued[priority].add(proposal);
      this.#use(proposal, 1);
      if (signal !== undefined) this.#listen(proposal, signal);
    });
  }

  /** The next proposals for the log: system ones first, at least one if there is one, about `maxBytes`. */
  next(maxBytes: number): Uint8Array[] {
    const batch: Uint8Array[] = [];
    let sizeBytes = 0;
    for (const { data } of this.#inOrder()) {
      sizeBytes += data.length;
      if (batch.length > 0 && sizeBytes > maxBytes) break;
      batch.push(data);
    }
    return batch;
  }

  /** The log took the first `count` of what {@link next} gave, from `firstIndex` on. */
  taken(count: number, firstIndex: number, term: number): void {
    let index = firstIndex;
    for (const proposal of this.#inOrder()) {
      if (index === firstIndex + count) return;
      this.#queued[proposal.priority].delete(proposal);
      proposal.term = term;
      this.#tracked.set(index++, proposal);
    }
  }

  /** The entry was applied here; a proposal at its index ends with the result if the entry is its own. */
  applied(entry: Entry, result: Result): void {
    const proposal = this.#untrack(entry.index);
    if (proposal === undefined) return;
    if (proposal.term === entry.term) this.#end(proposal, () => proposal.resolve(result));
    else this.#end(proposal, () => proposal.reject(replaced(entry.index)));
  }

  /** The core says that it cannot follow this proposal any further. */
  dropped({ index, term, outcome }: DroppedProposal): void {
    if (this.#tracked.get(index)?.term !== term) return;
    const proposal = this.#untrack(index);
    if (proposal === undefined) return;
    this.#end(proposal, () => proposal.reject(outcome === "dropped" ? replaced(index) : unknown(index)));
  }

  /** A snapshot jumped over these: their entries will not be applied one by one here. */
  passed(index: number): void {
    for (const [at, proposal] of this.#tracked) {
      if (at > index) continue;
      this.#tracked.delete(at);
      this.#end(proposal, () => proposal.reject(unknown(at)));
    }
  }

  /** Ends everything that the log has not taken. */
  rejectQueued(reason: () => Error): void {
    for (const proposal of this.#inOrder()) {
      this.#queued[proposal.priority].delete(proposal);
      this.#end(proposal, () => proposal.reject(reason()));
    }
  }

  /** Ends everything: the node stops or failed. */
  rejectAll(cause: NodeStoppedError): void {
    this.rejectQueued(() => cause);
    for (const [index, proposal] of this.#tracked) {
      this.#tracked.delete(index);
      this.#end(proposal, () => proposal.reject(unknown(index, cause)));
    }
  }

  *#inOrder(): Generator<Proposal<Result>> {
    yield* this.#queued.system;
    yield* this.#queued.user;
  }

  #refuseAboveLimits(sizeBytes: number, priority: ProposalPriority): void {
    const { maxProposalBytes, maxInflightProposals, maxUncommittedBytes, systemShare } = this.#limits;
    if (sizeBytes > maxProposalBytes) throw new ProposalTooLargeError(sizeBytes, maxProposalBytes);
    const full =
      exceeds(this.inflight + 1, maxInflightProposals, this.inflightBytes + sizeBytes, maxUncommittedBytes) ||
      (priority === "user" &&
        exceeds(
          this.#used.user.count + 1,
          Math.max(1, Math.floor(maxInflightProposals * (1 - systemShare))),
          this.#used.user.sizeBytes + sizeBytes,
          maxUncommittedBytes * (1 - systemShare),
        ));
    if (!full) return;
    throw new TooManyProposalsError(
      `${this.inflight} proposals of ${this.inflightBytes} bytes are in flight, the limit for ${priority} proposals. Try again when some have ended.`,
    );
  }

  #listen(proposal: Proposal<Result>, signal: AbortSignal): void {
    const onAbort = (): void => this.#abort(proposal, signal);
    signal.addEventListener("abort", onAbort, { once: true });
    proposal.forgetSignal = () => signal.removeEventListener("abort", onAbort);
  }

  #abort(proposal: Proposal<Result>, signal: AbortSignal): void {
    if (this.#queued[proposal.priority].delete(proposal)) {
      this.#end(proposal, () => proposal.reject(abortedBefore(signal)));
      return;
    }
    proposal.answered = true;
    proposal.reject(
      new ProposalOutcomeUnknownError(
        "The caller stopped waiting after the log took the proposal; it may yet be applied.",
        {
          cause: signal.reason,
        },
      ),
    );
  }

  #untrack(index: number): Proposal<Result> | undefined {
    const proposal = this.#tracked.get(index);
    this.#tracked.delete(index);
    return proposal;
  }

  #end(proposal: Proposal<Result>, answer: () => void): void {
    this.#use(proposal, -1);
    proposal.forgetSignal();
    if (proposal.answered) return;
    proposal.answered = true;
    answer();
  }

  #use({ priority, data }: Proposal<Result>, sign: 1 | -1): void {
    const used = this.#used[priority];
    used.count += sign;
    used.sizeBytes += sign * data.length;
  }
}

function exceeds(count: number, maxCount: number, sizeBytes: number, maxBytes: number): boolean {
  return count > maxCount || sizeBytes > maxBytes;
}

function abortedBefore(signal: AbortSignal): ProposalDroppedError {
  return new ProposalDroppedError(
    "The caller stopped waiting before the proposal reached the log; it never will.",
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
