import type { AppendBatch, Configuration, Entry, Message, NodeId, Role } from "../types.ts";

/** What a {@link Raft} wants done. See the caller's duties at the top of raft.ts. */
export interface Ready {
  /** The newest append up to this ready; rises by one with each ready that has one, and is its `append.id`. */
  readonly id: number;
  /** To be made durable, in the order of ids; report with `appended(id)`. */
  readonly append?: AppendBatch;
  /** May be sent at once. */
  readonly messages: readonly Message[];
  /** May be sent once all appends up to `id` are durable, also when this ready has none of its own. */
  readonly messagesAfterAppend: readonly Message[];
  /** Committed, in log order, without gap or repetition; report with `applied(index)`. Need not wait for `append`. */
  readonly committed: readonly Entry[];
  /** Reads that may be served once the state machine has applied `index`. */
  readonly readStates: readonly ReadState[];
  /** Reads that will not be confirmed; nothing was read, so asking again is safe. */
  readonly droppedReads: readonly DroppedRead[];
  /** Proposals accepted here that this node can no longer follow to their commit. */
  readonly dropped: readonly DroppedProposal[];
  /** Peers whose missing entries are compacted: send each a snapshot, then call `snapshotSent`. */
  readonly snapshotRequests: readonly SnapshotToSend[];
  readonly events: readonly RaftEvent[];
}

/** A confirmed read: `context` is what was given to `readIndex`. */
export interface ReadState {
  readonly context: number;
  readonly index: number;
}

/** A read that will not be confirmed: nothing was read. */
export interface DroppedRead {
  readonly context: number;
}

/**
 * "dropped": another term's entry is committed at `index`, so the proposal has no effect, ever.
 * "unknown": leadership was lost first; a later leader may still commit it, or not. An entry that is
 * merely overwritten here is unknown too: another log may hold it and win (Raft paper, figure 8).
 */
export interface DroppedProposal {
  readonly index: number;
  readonly term: number;
  readonly outcome: "dropped" | "unknown";
}

/** A peer that lacks entries which are compacted. */
export interface SnapshotToSend {
  readonly to: NodeId;
  /** The leader's term, to be sent along. */
  readonly term: number;
}

/** What happened, in order; for logs, metrics and the driver's own bookkeeping. */
export type RaftEvent =
  | { readonly type: "termChanged"; readonly term: number }
  | { readonly type: "roleChanged"; readonly role: Role; readonly previous: Role; readonly term: number }
  /** `leader` is 0 when none is known. */
  | { readonly type: "leaderChanged"; readonly leader: NodeId; readonly term: number }
  /** In force from now on: appended by entry `index`, brought by a snapshot, or back because a later one was replaced. */
  | { readonly type: "configurationChanged"; readonly configuration: Configuration; readonly index: number }
  /** This node won; it is ready to serve once the noop at `noopIndex` is applied here. */
  | { readonly type: "leaderElected"; readonly term: number; readonly noopIndex: number }
  /** A transfer that this leader began is over: it stepped down, or gave up after an election timeout. */
  | {
      readonly type: "transferEnded";
      readonly to: NodeId;
      readonly term: number;
      readonly outcome: "steppedDown" | "timedOut" | "replaced";
    };
