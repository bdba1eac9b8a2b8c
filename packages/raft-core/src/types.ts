/**
 * The words of the protocol: entries, messages, configurations. Plain data, no behaviour.
 */

/** A member of the cluster. A positive integer below 2^32; 0 means "no node". */
export type NodeId = number;

/** No node: no leader known, no vote given. */
export const NO_NODE: NodeId = 0;

/** `noop` opens a term (dissertation 6.4); `config` carries an encoded {@link Configuration}. */
export type EntryType = "normal" | "noop" | "config";

/** One record of the replicated log. Indexes start at 1 and have no gaps. */
export interface Entry {
  readonly index: number;
  readonly term: number;
  readonly type: EntryType;
  readonly data: Uint8Array;
}

/**
 * Who belongs to the cluster. `votersOutgoing` is empty except in a joint configuration
 * (dissertation 4.3), where decisions need a majority of `voters` and of `votersOutgoing`.
 */
export interface Configuration {
  readonly voters: readonly NodeId[];
  readonly votersOutgoing: readonly NodeId[];
  readonly learners: readonly NodeId[];
}

/** What must be durable before a node may answer a vote or an append (Raft paper, figure 2). */
export interface HardState {
  readonly term: number;
  /** {@link NO_NODE} when no vote was given in this term. */
  readonly votedFor: NodeId;
}

/** The point that a snapshot replaces the log up to. */
export interface SnapshotMeta {
  /** The last entry the snapshot includes; 0 for the empty state. */
  readonly index: number;
  readonly term: number;
  /** The configuration in force at `index`. */
  readonly configuration: Configuration;
  /** Meaning level of the state; a node that does not support it refuses to restore. */
  readonly featureLevel: number;
}

/** What a storage gives back when a node starts. */
export interface PersistedState {
  readonly hardState: HardState;
  /** Where the log begins: its first entry, if any, is `snapshot.index + 1`. */
  readonly snapshot: SnapshotMeta;
  /** Gapless, ascending. */
  readonly entries: readonly Entry[];
}

/**
 * One durable step. `entries` replace everything from `entries[0].index` on.
 * Batches are durable in the order given, each all or nothing.
 */
export interface AppendBatch {
  /** Names the `ready` that this batch belongs to; rises by one. */
  readonly id: number;
  readonly hardState?: HardState;
  readonly entries: readonly Entry[];
}

interface MessageHead {
  readonly from: NodeId;
  readonly to: NodeId;
  readonly term: number;
}

/** Asks whether an election could be won, without raising any term (dissertation 9.6). */
export interface PreVoteRequest extends MessageHead {
  readonly type: "preVoteRequest";
  readonly lastLogIndex: number;
  readonly lastLogTerm: number;
}

/** Answer to {@link PreVoteRequest}; a promise of nothing. */
export interface PreVoteResponse extends MessageHead {
  readonly type: "preVoteResponse";
  readonly granted: boolean;
}

/** RequestVote (Raft paper, figure 2). */
export interface VoteRequest extends MessageHead {
  readonly type: "voteRequest";
  readonly lastLogIndex: number;
  readonly lastLogTerm: number;
  /** Set when the leader itself asked for this election (dissertation 3.10). */
  readonly transfer: boolean;
}

/** Answer to {@link VoteRequest}; sent once the vote is durable. */
export interface VoteResponse extends MessageHead {
  readonly type: "voteResponse";
  readonly granted: boolean;
}

/** AppendEntries (Raft paper, figure 2). */
export interface AppendRequest extends MessageHead {
  readonly type: "appendRequest";
  readonly prevLogIndex: number;
  readonly prevLogTerm: number;
  readonly entries: readonly Entry[];
  readonly leaderCommit: number;
}

/** Answer to {@link AppendRequest}; success is sent once the entries are durable. */
export interface AppendResponse extends MessageHead {
  readonly type: "appendResponse";
  readonly success: boolean;
  /** On success the last index known to match; on refusal the `prevLogIndex` refused. */
  readonly index: number;
  /**
   * On refusal: where the leader should look next, and the term there (dissertation 3.3, fast backup).
   * With `needsSnapshot`: where the log here begins, up to which all is committed; a snapshot must reach that far.
   */
  readonly hintIndex: number;
  readonly hintTerm: number;
  /** On refusal: the log here is whole, but the state before it is lost (G17). Absent means no. */
  readonly needsSnapshot?: true;
}

/** Keeps followers quiet and carries a read context. Commits no more than the follower is known to hold. */
export interface HeartbeatRequest extends MessageHead {
  readonly type: "heartbeatRequest";
  /** Never above the follower's match index: a heartbeat proves nothing about its log. */
  readonly leaderCommit: number;
  /** The newest read to confirm; 0 means none. Rises with each round. */
  readonly readContext: number;
}

/** Answer to {@link HeartbeatRequest}: whoever sends it takes the receiver for its leader. */
export interface HeartbeatResponse extends MessageHead {
  readonly type: "heartbeatResponse";
  readonly readContext: number;
}

/** Announces a snapshot; its bytes travel on a stream of their own. */
export interface SnapshotRequest extends MessageHead {
  readonly type: "snapshotRequest";
  readonly snapshot: SnapshotMeta;
}

/** Tells the transferee to campaign at once (dissertation 3.10). */
export interface TimeoutNowRequest extends MessageHead {
  readonly type: "timeoutNow";
}

/** A follower passes a read to its leader (dissertation 6.4). */
export interface ReadIndexRequest extends MessageHead {
  readonly type: "readIndexRequest";
  readonly context: number;
}

/** Answer to {@link ReadIndexRequest}, once the leader has confirmed that it leads. */
export interface ReadIndexResponse extends MessageHead {
  readonly type: "readIndexResponse";
  readonly context: number;
  /** 0 means refused: ask again. */
  readonly index: number;
}

/** Whatever nodes say to each other. Any of them may be lost, repeated, late or out of order. */
export type Message =
  | PreVoteRequest
  | PreVoteResponse
  | VoteRequest
  | VoteResponse
  | AppendRequest
  | AppendResponse
  | HeartbeatRequest
  | HeartbeatResponse
  | SnapshotRequest
  | TimeoutNowRequest
  | ReadIndexRequest
  | ReadIndexResponse;

/** What a node is in its term. A pre-candidate asks for votes without having raised the term. */
export type Role = "follower" | "preCandidate" | "candidate" | "leader";
