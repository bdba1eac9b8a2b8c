import type { Configuration, NodeId, SnapshotMeta } from "../types.ts";

/**
 * What a {@link RaftNode} tells its owner, in order. Listeners run inside the node's loop: be brief, and do
 * long work elsewhere. Calling the node's methods from a listener is allowed.
 */
export type RaftNodeEvent =
  /** This node leads, and the noop of its term is applied here: the state holds everything committed before (G4). */
  | { readonly type: "leaderReady"; readonly term: number }
  /** Ends each `leaderReady`, exactly once, as soon as this node knows; also when it fails or stops. */
  | { readonly type: "leadershipLost"; readonly term: number }
  /** `leader` is 0 while none is known. */
  | { readonly type: "leaderChanged"; readonly leader: NodeId; readonly term: number }
  /** In force here from now on, committed or not: who votes, and who learns. Connect to new members. */
  | { readonly type: "membershipChanged"; readonly configuration: Configuration }
  /**
   * The state here ends before the log begins: it is lost (G17). The node votes but does not lead, and a leader will
   * send it a state; `snapshotInstalled` says so. Told at the start and again every half a minute. While `leader`
   * is 0 nobody can: if that lasts, and too few other nodes hold a state and a log that may win, restore a backup.
   */
  | {
      readonly type: "stateLost";
      readonly appliedIndex: number;
      readonly firstIndex: number;
      readonly leader: NodeId;
      readonly waitedMs: number;
    }
  /** The state was replaced by a leader's: everything read from it before is outdated. */
  | { readonly type: "snapshotInstalled"; readonly meta: SnapshotMeta }
  /** A snapshot on its way in was not taken; the old state stands and the leader may try again. */
  | { readonly type: "snapshotRefused"; readonly from: NodeId; readonly error: Error }
  | { readonly type: "snapshotSent"; readonly to: NodeId; readonly meta: SnapshotMeta }
  /** A snapshot did not arrive; it is tried again in `retryMs`. */
  | { readonly type: "snapshotFailed"; readonly to: NodeId; readonly error: Error; readonly retryMs: number }
  | { readonly type: "logCompacted"; readonly meta: SnapshotMeta }
  /** The node stopped for good (G19). End the process: nothing it says can be trusted to be durable. */
  | { readonly type: "fatal"; readonly error: Error };
