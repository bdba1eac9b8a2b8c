export { clockFrom, type TimerFunctions } from "./clock.ts";
export {
  ContractBrokenError,
  FeatureLevelError,
  InvalidOptionError,
  MembershipBusyError,
  MembershipRefusedError,
  NodeStoppedError,
  NotLeaderError,
  ProposalDroppedError,
  ProposalOutcomeUnknownError,
  ProposalTooLargeError,
  SnapshotRefusedError,
  SnapshotOutrunError,
  SnapshotStreamError,
  StateBehindLogError,
  TooManyProposalsError,
  TooManyReadsError,
  TransferFailedError,
  TransferTargetError,
} from "./errors.ts";
export type { RaftNodeEvent } from "./events.ts";
export type { RaftMetrics } from "./metrics.ts";
export type { ProposalEnd, RaftObserver, RaftReports, ReadKind } from "./observer.ts";
export {
  DEFAULT_SETTINGS,
  type RaftNodeOptions,
  type RaftNodeParts,
  type RaftNodeSettings,
} from "./options.ts";
export type { ProposalPriority } from "./proposal-budget.ts";
export type { ProposeOptions } from "./proposals.ts";
export { RaftNode } from "./raft-node.ts";
export type { ReadOptions } from "./reads.ts";
export type { RaftStatus } from "./status.ts";
