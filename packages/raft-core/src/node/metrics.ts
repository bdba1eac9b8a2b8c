/** Counts since the node was started; they only rise. What a node holds right now is in its `status()`. */
export interface RaftMetrics {
  /** Calls of `propose` that have ended, by how. */
  readonly proposals: {
    readonly applied: number;
    /** Known to have no effect, ever. */
    readonly dropped: number;
    /** Never proposed. */
    readonly rejected: number;
    readonly unknown: number;
    /** Of the rejected: those for which a limit left no room (`TOO_MANY_PROPOSALS`). */
    readonly tooMany: number;
  };
  /** Calls of `linearizableRead` that have ended. */
  readonly reads: { readonly served: number; readonly rejected: number };
  /** Log writes that are durable. */
  readonly writes: number;
  readonly appliedEntries: number;
  /** Elections in which this node asked for votes in a new term. */
  readonly electionsStarted: number;
  readonly electionsWon: number;
  readonly messagesIn: number;
  /** Given to the transport, dropped ones included. */
  readonly messagesOut: number;
  /** Undefined when the transport does not count them. */
  readonly messagesDropped: number | undefined;
  readonly snapshotsSent: number;
  readonly snapshotsInstalled: number;
  /** Either way. */
  readonly snapshotsFailed: number;
}

type Writable<Value> = Value extends number ? number : { -readonly [Name in keyof Value]: Value[Name] };

/** What the node counts by itself, while it counts. */
export type RaftCounts = {
  -readonly [Name in keyof Omit<RaftMetrics, "messagesDropped">]: Writable<RaftMetrics[Name]>;
};

export function zeroCounts(): RaftCounts {
  return {
    proposals: { applied: 0, dropped: 0, rejected: 0, unknown: 0, tooMany: 0 },
    reads: { served: 0, rejected: 0 },
    writes: 0,
    appliedEntries: 0,
    electionsStarted: 0,
    electionsWon: 0,
    messagesIn: 0,
    messagesOut: 0,
    snapshotsSent: 0,
    snapshotsInstalled: 0,
    snapshotsFailed: 0,
  };
}
