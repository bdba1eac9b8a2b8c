/**
 * The replicated job store: `apply(command)`, queries, snapshots.
 *
 * @packageDocumentation
 */
export * from "./errors.ts";
export * from "./results.ts";
export { COMMAND_VERSION, decodeCommand, encodeCommand } from "./commands.ts";
export type { CommandBody } from "./commands.ts";
export type { DueItem, JobStoreEvent, JobStoreEventName, JobStoreEvents } from "./events.ts";
export { describeCommand } from "./describe.ts";
export { parseExecutionId } from "./keys.ts";
export type { ExecutionRef } from "./keys.ts";
export { MemoryStateDirectory } from "./memory-state-directory.ts";
export { SUPPORTED_FEATURE_LEVEL } from "./meta.ts";
export { commandText, executorOf } from "./records/task.ts";
export { DEFAULT_SETTINGS } from "./settings.ts";
export { MAX_SCANNED_JOBS } from "./queries/list-jobs.ts";
export { JobStore } from "./job-store.ts";
export type { JobStoreOptions } from "./job-store.ts";
export type * from "./queries/types.ts";
export type { StateDatabase, StateDirectory } from "./state-directory.ts";
// The records and commands, so that rooms built on the store need not know where they are generated.
export {
  AssignExecutions, AssignExecutions_Item, Attempt, AttemptOutcome, AttemptResult, CancelJob, ClusterSettings, Command,
  DeadlineDue, DeadlineDue_Item, DeleteJob, Execution, ExecutionStatus, FireDue, FireDue_Item, Job, JobState,
  MarkNodesLost, MarkNodesLost_Item, MisfirePolicy, Node, NodeLossPolicy, OccurrenceOrigin, Placement, Policy, Purge,
  RaiseFeatureLevel, RegisterNode, RegisterNode_Adopted, ReportAttempts, ReportAttempts_Item, RetryDue, RetryDue_Item,
  Schedule, SetClusterSettings, SetNodeDraining, StopReason, StoreCounters, SubmitJobs, SubmitJobs_Item, Task,
} from "@coxswain/protocol";
