import type { NodeId, Role } from "../types.ts";

/** "rejected": never proposed. The others as in `propose`: a snapshot or a lost leadership leaves "unknown". */
export type ProposalEnd = "applied" | "dropped" | "rejected" | "unknown";

/** "leader": refused by other nodes. "forwarded": asked with `forward`, wherever it was answered. */
export type ReadKind = "leader" | "forwarded";

/** What a {@link RaftObserver} is told. Times are milliseconds of the node's `clock`, sizes are bytes. */
export interface RaftReports {
  /** A call of `propose` has its answer. */
  readonly proposalEnded: {
    readonly outcome: ProposalEnd;
    /** The error's code, unless applied: `TOO_MANY_PROPOSALS` says that a limit was reached. */
    readonly reason: string | undefined;
    /** Since the call. */
    readonly latencyMs: number;
    readonly sizeBytes: number;
  };
  /** A call of `linearizableRead` has its answer. */
  readonly readEnded: {
    readonly kind: ReadKind;
    /** The error's code; undefined when it may be served. */
    readonly reason: string | undefined;
    /** Since the call. */
    readonly latencyMs: number;
  };
  /** The storage says that a write is durable. */
  readonly logWritten: {
    /** 0 when only a term or a vote was written. */
    readonly entries: number;
    readonly sizeBytes: number;
    /** Since it was given to the storage: the sync, and the writes before it that it waited for. */
    readonly durationMs: number;
  };
  /** The state machine has applied a batch. */
  readonly batchApplied: {
    readonly entries: number;
    /** Of the call of `apply`. */
    readonly durationMs: number;
  };
  /**
   * A peer acknowledged entries that were sent to it once: both ways over the network and the peer's log write. One
   * sample per peer at a time; entries that had to be sent again give none (Karn's algorithm).
   */
  readonly appendAcknowledged: {
    readonly peer: NodeId;
    readonly latencyMs: number;
  };
  /** The term is the one it plays the role in; a pre-candidate has not raised its own. */
  readonly roleChanged: {
    readonly role: Role;
    readonly previous: Role;
    readonly term: number;
  };
  /** The term rose: by an election here, or because a message came from a higher one. */
  readonly termChanged: {
    readonly term: number;
  };
  /** This node raised its term and asks for votes; a pre-vote, which disturbs nobody, is a `roleChanged` only. */
  readonly electionStarted: {
    readonly term: number;
  };
  /** This node leads, by a quorum of votes; the event `leaderReady` follows when its noop is applied. */
  readonly electionWon: {
    readonly term: number;
    /** Since this node was a follower. */
    readonly durationMs: number;
  };
  /** The transport dropped messages since the last report; asked at each tick, of one that counts them. */
  readonly messagesDropped: {
    readonly messages: number;
  };
  /** A snapshot to a peer is over. */
  readonly snapshotSent: {
    readonly to: NodeId;
    /** "failed" also when it was broken off; the event `snapshotFailed` has the error of those tried again. */
    readonly outcome: "installed" | "failed";
    /** Read from the state, whether or not all of it arrived. */
    readonly sizeBytes: number;
    readonly durationMs: number;
  };
  /** A snapshot from a leader is over. One that was refused before its first byte is the event `snapshotRefused`. */
  readonly snapshotReceived: {
    readonly from: NodeId;
    readonly outcome: "installed" | "failed";
    readonly sizeBytes: number;
    readonly durationMs: number;
  };
}

/**
 * Sees what a {@link RaftNode} does, for metrics. Implement what you want to know. Each method is called inside the
 * node's loop, some for every proposal: add to a counter or a histogram, and leave. One that throws surfaces as an
 * uncaught error, as with `onEvent`. Without an observer the node does not even look at its clock for one.
 */
export type RaftObserver = { readonly [Name in keyof RaftReports]?: (report: RaftReports[Name]) => void };
