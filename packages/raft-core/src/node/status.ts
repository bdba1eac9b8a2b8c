import type { Status } from "../core/raft.ts";

/** Where a node stands, as a copy. */
export interface RaftStatus extends Status {
  /** "failed" and "stopped" are final; the other fields then show where it ended. */
  readonly state: "running" | "failed" | "stopped";
  /** Whether it leads and its term's noop is applied: the time between `leaderReady` and `leadershipLost`. */
  readonly leaderReady: boolean;
  readonly inflightProposals: number;
  readonly inflightProposalBytes: number;
  readonly pendingReads: number;
  /** Log writes under way. */
  readonly pendingWrites: number;
  /** Snapshots on their way to peers. */
  readonly snapshotsSending: number;
}
