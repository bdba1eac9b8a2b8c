/**
 * The replicated job store: a Raft state machine on an ordered key-value database.
 *
 * `apply` takes log entries and is a pure function of state and command; queries read from
 * memory and disk; hints say what changed; snapshots carry the whole state to a peer. Where
 * databases live is a contract, {@link StateDirectory}, so that this package has no file
 * system, clock or randomness.
 *
 * The caller's duties:
 *   1. call `apply` with committed entries, in order, without a gap, one batch at a time;
 *   2. stop the node when `apply` rejects or the event `failed` comes: the state answers nothing any more;
 *   3. keep log entries until `durable()` has passed them;
 *   4. take events as hints: after `open` and after `restored`, look at the state itself.
 *
 * @example
 * const store = await JobStore.open({ directory: new MemoryStateDirectory() });
 * const data = encodeCommand({
 *   version: COMMAND_VERSION, timeMs: 1_000, requestId: "",
 *   body: { $case: "setNodeDraining", value: { nodeId: 7, draining: true } },
 * });
 * await store.apply([{ index: 1, term: 1, type: "normal", data }]);   // [{ error: { code: "NODE_NOT_FOUND", ... } }]
 * await store.flush();
 * store.durable().index;                                              // 1
 * await store.close();
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
  AssignExecutions,
  AssignExecutions_Item,
  Attempt,
  AttemptOutcome,
  AttemptResult,
  CancelJob,
  ClusterSettings,
  Command,
  DeadlineDue,
  DeadlineDue_Item,
  DeleteJob,
  Execution,
  ExecutionStatus,
  FireDue,
  FireDue_Item,
  Job,
  JobState,
  MarkNodesLost,
  MarkNodesLost_Item,
  MisfirePolicy,
  Node,
  NodeLossPolicy,
  OccurrenceOrigin,
  Placement,
  Policy,
  Purge,
  RaiseFeatureLevel,
  RegisterNode,
  RegisterNode_Adopted,
  ReportAttempts,
  ReportAttempts_Item,
  RetryDue,
  RetryDue_Item,
  Schedule,
  SetClusterSettings,
  SetNodeDraining,
  StopReason,
  StoreCounters,
  SubmitJobs,
  SubmitJobs_Item,
  Task,
} from "@coxswain/protocol";
