import type {
  ChangeRefusal,
  ConfChange,
  DroppedProposal,
  ProposeOutcome,
  ProposeRefusal,
} from "../core/raft.ts";
import { decodeConfiguration } from "../core/configuration.ts";
import type { Entry, SnapshotMeta } from "../types.ts";
import {
  MembershipBusyError,
  MembershipRefusedError,
  NotLeaderError,
  ProposalDroppedError,
  ProposalOutcomeUnknownError,
} from "./errors.ts";

interface Waiting {
  readonly index: number;
  readonly term: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
  /** The joint entry is applied: it stands, and the next config entry ends it, whoever leads. */
  isLeaving: boolean;
}

/** Follows changes of membership from the log to the state: two entries when they are joint, otherwise one. */
export class MembershipChanges {
  #waiting: Waiting[] = [];

  /** Begins a change through `propose`; resolves once it is applied here, and a joint configuration left. */
  begin(change: ConfChange, propose: (change: ConfChange) => ProposeOutcome): Promise<void> {
    const outcome = propose(change);
    if (!outcome.accepted) return Promise.reject(refusalError(outcome));
    const { firstIndex: index, term } = outcome;
    return new Promise<void>((resolve, reject) => {
      this.#waiting.push({ index, term, resolve, reject, isLeaving: false });
    });
  }

  /** An entry of any type was applied here. */
  applied(entry: Entry): void {
    if (this.#waiting.length === 0) return;
    for (const waiting of [...this.#waiting]) {
      if (waiting.isLeaving) {
        if (entry.type === "config") this.#end(waiting);
      } else if (waiting.index === entry.index) {
        this.#appliedAt(waiting, entry);
      }
    }
  }

  dropped({ index, term, outcome }: DroppedProposal): void {
    const waiting = this.#waiting.find((other) => other.index === index && other.term === term);
    if (waiting !== undefined) this.#end(waiting, outcome === "dropped" ? replaced(index) : unknown(index));
  }

  /** A snapshot jumped over entries up to `meta.index`. */
  passed({ index, configuration }: SnapshotMeta): void {
    for (const waiting of this.#waiting.filter((other) => other.index <= index)) {
      if (!waiting.isLeaving) this.#end(waiting, unknown(waiting.index));
      else if (configuration.votersOutgoing.length === 0) this.#end(waiting);
    }
  }

  /**
   * This node led, and has no place where the joint configuration that is committed up to here leads to: nobody has to
   * tell it when others have left that.
   */
  leftBehind(commitIndex: number): void {
    for (const waiting of this.#waiting.filter(({ index }) => index <= commitIndex))
      this.#end(waiting, unknown(waiting.index));
  }

  rejectAll(cause: Error): void {
    for (const waiting of [...this.#waiting]) this.#end(waiting, unknown(waiting.index, cause));
  }

  #appliedAt(waiting: Waiting, entry: Entry): void {
    if (entry.term !== waiting.term) this.#end(waiting, replaced(entry.index));
    else if (decodeConfiguration(entry.data).votersOutgoing.length === 0) this.#end(waiting);
    else waiting.isLeaving = true;
  }

  #end(waiting: Waiting, error?: Error): void {
    this.#waiting = this.#waiting.filter((other) => other !== waiting);
    if (error === undefined) waiting.resolve();
    else waiting.reject(error);
  }
}

function refusalError({ reason, leader }: ProposeOutcome & { readonly accepted: false }): Error {
  switch (reason) {
    case "notLeader":
      return new NotLeaderError(leader);
    case "transferring":
    case "retiring":
    case "tooMuchUncommitted":
    case "termNotCommitted":
    case "changeInProgress":
      return new MembershipBusyError(BUSY[reason]);
    default:
      return new MembershipRefusedError(reason, REFUSED[reason]);
  }
}

type Busy = Extract<ProposeRefusal, "transferring" | "retiring" | "tooMuchUncommitted">;
type BusyChange = Extract<ChangeRefusal, "termNotCommitted" | "changeInProgress">;

const BUSY: Readonly<Record<Busy | BusyChange, string>> = {
  transferring: "Leadership is being handed over. Ask the next leader.",
  retiring: "This leader is removing itself. Ask the next leader.",
  tooMuchUncommitted: "Too much is uncommitted. Try again in a moment.",
  termNotCommitted: "This leader has not committed an entry of its own term yet. Try again in a moment.",
  changeInProgress: "Another change of members is under way. Try again when it is done.",
};

const REFUSED: Readonly<Record<Exclude<ChangeRefusal, BusyChange>, string>> = {
  empty: "The change names no node.",
  unknownNode: "The node is no member. Look at `status().configuration`.",
  alreadyMember: "The node is a member already; a learner gets a vote by `promoteLearner`.",
  noVoterLeft: "No voter would be left, and the cluster would end. Add another first.",
  invalidNode: "A node id is a whole number from 1 to 4294967295.",
  sameNodeTwice: "The change names a node twice. Say what is to become of it, once.",
  notCaughtUp:
    "The learner lags or is silent, and commits would wait for it. Wait until status shows it as caught up.",
  quorumNotAlive:
    "Too few of those who would vote were heard from lately, so nothing might be committed any more. " +
    "Start them first, or add a new node as a learner.",
};

function replaced(index: number): ProposalDroppedError {
  return new ProposalDroppedError(
    `Another leader's entry was committed at index ${index}: the members did not change. Ask again.`,
  );
}

function unknown(index: number, cause?: Error): ProposalOutcomeUnknownError {
  return new ProposalOutcomeUnknownError(
    `Leadership was lost, or the node stopped, with the change at index ${index} not known to be complete. ` +
      "Look at the new leader's status before you ask again.",
    cause === undefined ? undefined : { cause },
  );
}
