/**
 * What this room needs from elsewhere, bound in apps/node. Structural, so that neither Raft nor gRPC is imported here.
 */
import type { OutputPiece, Placement } from "@coxswain/protocol";
import type { PublicCalls, PublicMethod } from "./public-calls.ts";

/** Who calls. Comes from the certificate alone; nothing in a request can change it. */
export interface CallerIdentity {
  /** The certificate's CN; owns jobs. */
  readonly name: string;
  readonly role: "node" | "admin" | "client";
}

/** Said with a call, beside the request. */
export interface CallOptions {
  /** Another node took and checked this request: answer it here or refuse it, never forward it again (G24). */
  readonly forwarded?: boolean;
  /** When the caller stops waiting, in milliseconds since the epoch. The service's own limit holds as well. */
  readonly deadlineMs?: number;
}

/** Time, given from outside. */
export interface Clock {
  /** Wall clock, milliseconds since the epoch. */
  now(): number;
  /** Calls back once after `delayMs` unless the returned function is called first. */
  after(delayMs: number, callback: () => void): () => void;
}

/** What is read of a Raft node's status. */
export interface RaftView {
  readonly id: number;
  readonly role: string;
  readonly term: number;
  /** 0 means none known. */
  readonly leader: number;
  readonly commitIndex: number;
  readonly appliedIndex: number;
  readonly lastIndex: number;
  readonly firstIndex: number;
  readonly configuration: { readonly voters: readonly number[]; readonly learners: readonly number[] };
  /** On the leader only. */
  readonly peers?: readonly { readonly id: number; readonly matchIndex: number }[] | undefined;
}

/** An entry of the log, as far as it is shown. */
export interface LogEntry {
  readonly index: number;
  readonly term: number;
  readonly type: "normal" | "noop" | "config";
  readonly data: Uint8Array;
}

/**
 * The Raft node. Its rejections carry `code` and `category`: `unavailable` means that nothing was
 * proposed, `unknown-outcome` that it may have been.
 */
export interface RaftPort<Result> {
  /** Resolves with the result of apply, once applied here. */
  propose(command: Uint8Array): Promise<Result>;
  /** Resolves when this node has confirmed that it leads and has applied all that was committed before the call. */
  linearizableRead(): Promise<void>;
  status(): RaftView;
  /** What is retained in memory, from an index on. */
  entries(from: number, limit: number): readonly LogEntry[];
  /** Resolves with the new leader. Without a target, the most caught up takes over. */
  transferLeadership(to?: number): Promise<number>;
}

/** Limits of one forwarded call. */
export interface ForwardOptions {
  readonly timeoutMs: number;
  /** Aborted when the answer is of no use any more. */
  readonly signal: AbortSignal;
}

/** Which output is wanted, and from where on. */
export interface OutputRequest {
  readonly executionId: string;
  readonly attempt: number;
  /** The first offset wanted. Neither this nor `tailBytes`: the start. */
  readonly offset?: number | undefined;
  /** Instead: the last so many bytes that are there now, and what follows. */
  readonly tailBytes?: number | undefined;
  /** End at what there is now instead of waiting for more. */
  readonly noFollow: boolean;
}

/** How a stream of output is given up. */
export interface StreamOptions {
  /** Aborted when nobody reads any more. */
  readonly signal: AbortSignal;
}

/**
 * The output of an attempt that this node holds, as it comes: data and gaps without a hole between them, then a piece
 * `ended`; one piece `unknown` and no other when this node holds nothing of it. Ends without either where it was not
 * to follow. Nothing is held before the first piece is asked for. The bytes of a piece are not written to any more.
 */
export type OutputSource = (request: OutputRequest, options: StreamOptions) => AsyncIterable<OutputPiece>;

/**
 * The other nodes. `forward` rejects with the typed error that the leader answered; when the call
 * surely never left this node, with category `unavailable`; when it may have arrived, with `unknown-outcome`.
 */
export interface Peers {
  forward<M extends PublicMethod>(
    leader: number,
    caller: CallerIdentity,
    method: M,
    request: PublicCalls[M]["request"],
    options: ForwardOptions,
  ): Promise<PublicCalls[M]["response"]>;
  /** The last bytes that a running attempt has written; undefined when that node does not run it. */
  output(
    nodeId: number,
    executionId: string,
    attempt: number,
    tailBytes: number,
    options: ForwardOptions,
  ): Promise<Uint8Array | undefined>;
  /**
   * What that node's {@link OutputSource} gives, at the reader's pace. Rejects with category `unavailable` or
   * `unknown-outcome` when it cannot be reached, or not any more: go on from the offset reached.
   */
  streamOutput(nodeId: number, request: OutputRequest, options: StreamOptions): AsyncIterable<OutputPiece>;
}

/** The other end of {@link Peers}: what a node answers to the others. */
export interface PeerAnswers {
  /** A call that another node took and checked; `caller` is whom it authenticated. See `answerForwarded`. */
  forward<M extends PublicMethod>(
    caller: CallerIdentity,
    method: M,
    request: PublicCalls[M]["request"],
    options: Omit<CallOptions, "forwarded">,
  ): Promise<PublicCalls[M]["response"]>;
  /** The last bytes of an attempt that runs here. */
  output(executionId: string, attempt: number, tailBytes: number): Uint8Array | undefined;
  /** The output that this node holds. */
  readonly streamOutput: OutputSource;
}

/** The scheduler of this node; it places only while this node leads. */
export interface SchedulerPort {
  /** Picks a node with room and reserves it until `release` (G9); without a placement the execution waits. */
  place(needs: { readonly executor: string }): {
    readonly placement?: Placement | undefined;
    release(): void;
  };
  /** The nodes that hold a lease, as this node sees it while it leads. */
  leases(): Iterable<{ readonly nodeId: number }>;
}

/** Structural face of a logger. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
