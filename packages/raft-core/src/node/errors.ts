/** What the driver throws. Each message says what to do next. */
import type { ChangeRefusal } from "../core/raft.ts";
import { RaftError } from "../errors.ts";
import { NO_NODE, type NodeId } from "../types.ts";

/** Asked of a node that does not lead. Nothing was proposed or read: ask `leader`, or again later if it is 0. */
export class NotLeaderError extends RaftError {
  readonly code = "NOT_LEADER" as const;
  readonly category = "unavailable" as const;
  readonly leader: NodeId;

  constructor(leader: NodeId, options?: ErrorOptions) {
    super(
      leader === NO_NODE ? "No leader is known. Try again in a moment." : `Node ${leader} leads. Ask it.`,
      options,
    );
    this.leader = leader;
  }
}

/** The proposal is known to have had no effect and never to have one. Proposing it again is safe. */
export class ProposalDroppedError extends RaftError {
  readonly code = "PROPOSAL_DROPPED" as const;
  readonly category = "unavailable" as const;
}

/** The proposal may have been committed, or may yet be, or not. Retry only what may be applied twice, or carries a request id. */
export class ProposalOutcomeUnknownError extends RaftError {
  readonly code = "PROPOSAL_OUTCOME_UNKNOWN" as const;
  readonly category = "unknown-outcome" as const;
}

/** A limit of proposals in flight is reached. Nothing was proposed; try again when some have ended. */
export class TooManyProposalsError extends RaftError {
  readonly code = "TOO_MANY_PROPOSALS" as const;
  readonly category = "exhausted" as const;
}

/** The proposal is larger than `maxProposalBytes`. Split it, or raise the limit on every node. */
export class ProposalTooLargeError extends RaftError {
  readonly code = "PROPOSAL_TOO_LARGE" as const;
  readonly category = "invalid" as const;

  constructor(sizeBytes: number, limitBytes: number) {
    super(
      `A proposal of ${sizeBytes} bytes is above the limit of ${limitBytes}. Split it or raise maxProposalBytes.`,
    );
  }
}

/** Too many reads wait for confirmation. Try again in a moment. */
export class TooManyReadsError extends RaftError {
  readonly code = "TOO_MANY_READS" as const;
  readonly category = "exhausted" as const;
}

/** The node was stopped, or failed and will never acknowledge again (then `cause` says why). */
export class NodeStoppedError extends RaftError {
  readonly code = "NODE_STOPPED" as const;
  readonly category = "unavailable" as const;
}

/** Leadership was not handed over: no target, the target did not take it in time, or another transfer replaced this one. */
export class TransferFailedError extends RaftError {
  readonly code = "TRANSFER_FAILED" as const;
  readonly category = "unavailable" as const;
}

/** The node named as the new leader has no vote. */
export class TransferTargetError extends RaftError {
  readonly code = "TRANSFER_TARGET_INVALID" as const;
  readonly category = "invalid" as const;
}

/** Members cannot be changed just now; nothing was changed. Try again in a moment. */
export class MembershipBusyError extends RaftError {
  readonly code = "MEMBERSHIP_BUSY" as const;
  readonly category = "unavailable" as const;
}

/** The change makes no sense, or would put the cluster at risk; `reason` says which. Nothing was changed. */
export class MembershipRefusedError extends RaftError {
  readonly code = "MEMBERSHIP_REFUSED" as const;
  readonly category = "conflict" as const;
  readonly reason: ChangeRefusal;

  constructor(reason: ChangeRefusal, message: string) {
    super(message);
    this.reason = reason;
  }
}

/** An option, or a combination of them, cannot work. */
export class InvalidOptionError extends RaftError {
  readonly code = "INVALID_OPTION" as const;
  readonly category = "invalid" as const;
}

/** The state or snapshot was written by a newer release (G7). Upgrade this node. */
export class FeatureLevelError extends RaftError {
  readonly code = "FEATURE_LEVEL_UNSUPPORTED" as const;
  readonly category = "conflict" as const;

  constructor(found: number, supported: number) {
    super(
      `Feature level ${found} is in use, and this release supports up to ${supported}. Upgrade this node.`,
    );
  }
}

/**
 * The log begins after what the state holds: entries between them are lost on this disk, and no other node votes in
 * this cluster that could send a state (G17).
 */
export class StateBehindLogError extends RaftError {
  readonly code = "STATE_BEHIND_LOG" as const;
  readonly category = "internal" as const;

  constructor(appliedIndex: number, firstIndex: number) {
    super(
      `The state ends at index ${appliedIndex} but the log begins at ${firstIndex}: what lies between is lost, and ` +
        `this node is the only voter, so none can send a state. Restore a backup of the whole data directory, or a state that reaches index ${firstIndex - 1}.`,
    );
  }
}

/** A snapshot that arrived was not installed; the sender may try again. */
export class SnapshotRefusedError extends RaftError {
  readonly code = "SNAPSHOT_REFUSED" as const;
  readonly category = "unavailable" as const;
}

/** The stream of a snapshot broke, stalled, or was given up. The old state stands. */
export class SnapshotStreamError extends RaftError {
  readonly code = "SNAPSHOT_STREAM_BROKEN" as const;
  readonly category = "unavailable" as const;
}

/** The log passed `logHardBytes` or `logHardEntries` while it waited for a snapshot on its way out, which was called off. Another will be sent. */
export class SnapshotOutrunError extends RaftError {
  readonly code = "SNAPSHOT_OUTRUN" as const;
  readonly category = "unavailable" as const;
}

/** A part that the node is built on broke its contract. Fatal. */
export class ContractBrokenError extends RaftError {
  readonly code = "CONTRACT_BROKEN" as const;
  readonly category = "internal" as const;
}

export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
