import type { Raft, RaftEvent, Ready } from "../core/raft.ts";
import { type Entry, NO_NODE, type SnapshotMeta } from "../types.ts";
import { type NodeStoppedError, NotLeaderError } from "./errors.ts";
import { MembershipChanges } from "./membership.ts";
import type { Meter } from "./meter.ts";
import type { ResolvedOptions } from "./options.ts";
import { Proposals } from "./proposals.ts";
import { Reads } from "./reads.ts";
import { Transfers } from "./transfers.ts";

/** A forwarded read whose question or answer is lost more often than this ends: perhaps only one direction works. */
const MAX_FORWARD_RETRIES = 3;

/** What the callers of this node wait for, each from its call to its one end. */
export class Calls<Result> {
  readonly proposals: Proposals<Result>;
  /** Reads that are refused when this node does not lead. */
  readonly reads: Reads;
  /** Reads that are passed to whoever leads. */
  readonly forwardedReads: Reads;
  readonly membership: MembershipChanges = new MembershipChanges();
  readonly transfers: Transfers;
  readonly #raft: Raft;
  readonly #maxWriteBytes: number;

  constructor(options: ResolvedOptions<Result>, raft: Raft, meter: Meter) {
    const maxPending = options.maxPendingReads;
    this.#raft = raft;
    this.#maxWriteBytes = options.maxWriteBytes;
    this.proposals = new Proposals(options, meter);
    this.reads = new Reads({ maxPending, kind: "leader", meter });
    this.forwardedReads = new Reads({
      maxPending,
      maxRetries: MAX_FORWARD_RETRIES,
      kind: "forwarded",
      meter,
    });
    this.transfers = new Transfers(options.id, options.clock, 3 * options.electionTimeoutMs.max);
  }

  /** Hands the core what waits for it; proposals only while the disk keeps up: those that wait are written together. */
  feed(mayWrite: boolean): void {
    const { leader, role } = this.#raft;
    if (leader === NO_NODE) this.forwardedReads.rejectWaiting(leader);
    else this.forwardedReads.flush((context) => this.#raft.readIndex(context));
    if (role !== "leader") {
      this.proposals.rejectQueued(() => new NotLeaderError(leader));
      this.reads.rejectWaiting(leader);
      return;
    }
    if (mayWrite) this.#proposeNext();
    this.reads.flush((context) => this.#raft.readIndex(context));
  }

  /** Takes note of what became of proposals and reads. */
  settle({ dropped, readStates, droppedReads }: Ready): void {
    for (const proposal of dropped) {
      this.proposals.dropped(proposal);
      this.membership.dropped(proposal);
    }
    for (const read of readStates) this.#readsOf(read).confirmed(read);
    for (const read of droppedReads) this.#readsOf(read).dropped(read, this.#raft.leader);
    if (readStates.length > 0) this.serveReads(this.#raft.appliedIndex);
  }

  observe(event: RaftEvent): void {
    this.transfers.observe(event);
    if (event.type === "roleChanged" && event.previous === "leader") this.#leadershipLost();
  }

  /** These entries, one at least, were applied here, with these results. */
  applied(entries: readonly Entry[], results: readonly Result[]): void {
    // By index: this runs for every entry, and pairs from an iterator would each be an object.
    for (let position = 0; position < entries.length; position++) {
      const entry = entries[position];
      if (entry === undefined) continue;
      this.proposals.applied(entry, results[position] as Result);
      this.membership.applied(entry);
    }
  }

  /** The state here holds everything up to this index: ends the confirmed reads that waited for it. */
  serveReads(appliedIndex: number): void {
    this.reads.applied(appliedIndex);
    this.forwardedReads.applied(appliedIndex);
  }

  /** A snapshot jumped over entries up to `meta.index`. */
  passed(meta: SnapshotMeta): void {
    this.proposals.passed(meta.index);
    this.membership.passed(meta);
    this.serveReads(meta.index);
  }

  /** Ends everything: the node stops or failed. */
  rejectAll(reason: NodeStoppedError): void {
    this.proposals.rejectAll(reason);
    this.membership.rejectAll(reason);
    this.reads.rejectAll(reason);
    this.forwardedReads.rejectAll(reason);
    this.transfers.rejectAll(reason);
  }

  #leadershipLost(): void {
    const { id, commitIndex } = this.#raft;
    const committed = this.#raft.configurationAt(commitIndex);
    if (committed === undefined || committed.votersOutgoing.length === 0) return;
    if (committed.voters.includes(id) || committed.learners.includes(id)) return;
    this.membership.leftBehind(commitIndex);
  }

  #proposeNext(): void {
    let batch = this.proposals.next(this.#maxWriteBytes);
    if (batch.length === 0) return;
    let outcome = this.#raft.propose(batch);
    if (!outcome.accepted && outcome.reason === "tooMuchUncommitted" && batch.length > 1) {
      batch = batch.slice(0, 1);
      outcome = this.#raft.propose(batch);
    }
    // Refused during a transfer or for want of room: they wait, and go on or end when that is over.
    if (outcome.accepted) this.proposals.taken(batch.length, outcome.firstIndex, outcome.term);
  }

  #readsOf({ context }: { readonly context: number }): Reads {
    return context > 0 ? this.reads : this.forwardedReads;
  }
}
