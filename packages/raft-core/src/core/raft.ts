/**
 * Raft as a pure state machine: the consensus rules without clock, disk or network.
 *
 * The caller's duties. After every call of any method, take `ready()` until it is undefined
 * (or do so once after a batch of calls: that is how work is grouped), and for each one:
 *   1. send `messages` at once; they may travel before anything is durable;
 *   2. make `append` durable, in the order of ids, then call `appended(id)`; several may be under way;
 *   3. send `messagesAfterAppend` only when this append and all earlier ones are durable;
 *   4. hand `committed` to the state machine, in order, then call `applied(index)`;
 *   5. stop for good when an append fails: nothing may be acknowledged any more;
 *   6. for each of `snapshotRequests`, send a snapshot of the state machine and call `snapshotSent`.
 * Break 2 or 3 and a crash can lose an acknowledged entry (Raft paper, figure 2). Everything is
 * synchronous and deterministic: the same calls and the same `random` give the same outcome.
 *
 * A snapshot arriving (its bytes travel on a stream of their own):
 *   1. `receiveSnapshot(header)`; unless `install` is true, refuse the stream, and take the next ready;
 *   2. wait until all `committed` handed out so far are applied; none are handed out from here on;
 *   3. restore the state machine, then call the storage's `reset(meta)`, in order with its appends;
 *   4. `snapshotInstalled(meta)`; or, if 2 or 3's restore failed with the old state intact,
 *      `snapshotFailed()`. In between the log stands still and this node does not campaign, so a
 *      stream that stalls must be timed out by the caller.
 *
 * @example
 * const raft = new Raft({ id: 1 }, emptyState({ voters: [1], votersOutgoing: [], learners: [] }), seededRandom(7));
 * for (let i = 0; i < 30; i++) raft.tick();   // campaigns; elected once its own vote is durable
 */
import type { Configuration, Entry, Message, NodeId, PersistedState, Role, SnapshotMeta, SnapshotRequest } from "../types.ts";
import type { RaftConfig } from "./config.ts";
import type { ConfChange, ProposeOutcome, ReadOutcome, SnapshotDecision, TransferOutcome } from "./outcomes.ts";
import type { Ready } from "./ready.ts";
import type { Status } from "./status.ts";

export type { RaftConfig } from "./config.ts";
export type * from "./outcomes.ts";
export type * from "./ready.ts";
export type * from "./status.ts";
export { RaftConfigError, RaftInvariantError, RaftStateError } from "./errors.ts";

/** One member's consensus state. */
export class Raft {
  /**
   * `persisted` is what the storage holds; its `random` gives numbers in [0, 1).
   * Throws {@link RaftConfigError} or {@link RaftStateError}.
   */
  constructor(config: RaftConfig, persisted: PersistedState, random: () => number) {
    throw new Error(`${config.id}${persisted.entries.length}${random()}`);
  }

  get id(): NodeId {
    throw new Error("unfinished");
  }
  get role(): Role {
    throw new Error("unfinished");
  }
  get term(): number {
    throw new Error("unfinished");
  }
  /** The leader of this term, or 0. */
  get leader(): NodeId {
    throw new Error("unfinished");
  }
  get commitIndex(): number {
    throw new Error("unfinished");
  }
  get configuration(): Configuration {
    throw new Error("unfinished");
  }

  /** One step of time. */
  tick(): void {
    throw new Error("unfinished");
  }

  /** Takes a message from a peer. Anything stale, repeated or out of order is harmless. */
  step(message: Message): void {
    throw new Error(message.type);
  }

  /** Campaigns now instead of waiting for the timeout; for a node that is alone, and for tests. */
  campaign(): void {
    throw new Error("unfinished");
  }

  /** Appends one entry for each element, all or none. The bytes are kept, not copied: do not write to them again. */
  propose(data: readonly Uint8Array[]): ProposeOutcome {
    throw new Error(String(data.length));
  }

  /** Changes the membership. Not built yet: always refused with "unsupported". */
  proposeConfChange(change: ConfChange): ProposeOutcome {
    throw new Error(change.type);
  }

  /**
   * Asks for an index that a linearizable read must wait for (dissertation 6.4). A follower passes the
   * question to its leader. `context` names the read; no two pending ones may share it.
   */
  readIndex(context: number): ReadOutcome {
    throw new Error(String(context));
  }

  /** Hands leadership to a voter once it holds the whole log; proposals are refused meanwhile (dissertation 3.10). */
  transferLeadership(to: NodeId): TransferOutcome {
    throw new Error(String(to));
  }

  /** What is to be done since the last call, or undefined. */
  ready(): Ready | undefined {
    return undefined;
  }

  /** The appends of all readies up to this id are durable. */
  appended(readyId: number): void {
    throw new Error(String(readyId));
  }

  /** The state machine holds everything up to `index`. */
  applied(index: number): void {
    throw new Error(String(index));
  }

  /** Whether a snapshot on its way in is to be installed; see the top of this file. */
  receiveSnapshot(request: SnapshotRequest): SnapshotDecision {
    throw new Error(request.type);
  }

  /** State machine and storage now begin at `meta`: the log is replaced and the leader told. */
  snapshotInstalled(meta: SnapshotMeta): void {
    throw new Error(String(meta.index));
  }

  /** The snapshot accepted last was not installed; the old state and log stand. */
  snapshotFailed(): void {
    throw new Error("unfinished");
  }

  /** On a leader: the snapshot asked for was installed by the peer as `meta`, or (undefined) was not. */
  snapshotSent(to: NodeId, meta: SnapshotMeta | undefined): void {
    throw new Error(`${to}${String(meta?.index)}`);
  }

  /**
   * Forgets entries up to `meta.index`, which a durable snapshot of the state machine covers.
   * False when there is nothing to forget or it is too early (not applied, not durable, a snapshot
   * being installed): ask again later. Call the storage's `compact(meta)` only when true.
   */
  compact(meta: SnapshotMeta): boolean {
    throw new Error(String(meta.index));
  }

  /** Entries from `from` on, at most `limit` of them and about `maxBytes`, but at least one if there is one. */
  entries(from: number, limit: number, maxBytes: number = Number.POSITIVE_INFINITY): readonly Entry[] {
    throw new Error(`${from}${limit}${maxBytes}`);
  }

  /** The term of an entry held, or of the snapshot's last; otherwise undefined. */
  termAt(index: number): number | undefined {
    throw new Error(String(index));
  }

  status(): Status {
    throw new Error("unfinished");
  }
}
