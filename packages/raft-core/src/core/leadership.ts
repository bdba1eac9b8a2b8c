import type { NodeId } from "../types.ts";
import type { LeaderReads } from "./leader-reads.ts";
import type { Lease } from "./lease.ts";
import type { Progress } from "./progress.ts";

/** A transfer under way (dissertation 3.10). */
export interface Transfer {
  readonly to: NodeId;
  elapsedTicks: number;
  /** Told to campaign already; telling it twice would start two elections. */
  isTimeoutNowSent: boolean;
}

/** All that only a leader knows. Made anew for each term it wins, gone when it steps down. */
export interface Leadership {
  readonly term: number;
  /** The entry that opened the term; once committed, all before it are too (Raft paper, 5.4.2 and 8). */
  readonly noopIndex: number;
  /** Every member except this node; those being removed as well, until their removal is committed. */
  readonly peers: Map<NodeId, Progress>;
  readonly reads: LeaderReads;
  heartbeatElapsedTicks: number;
  /** Since the last check-quorum. */
  quorumElapsedTicks: number;
  uncommittedBytes: number;
  transfer: Transfer | undefined;
  readonly lease: Lease;
  /** The config entry after whose commit those who are no members any more were let go. */
  finishedIndex: number;
}
