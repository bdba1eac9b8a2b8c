/**
 * A Coxswain cluster from TypeScript: submit jobs, follow them, operate the cluster.
 *
 * @example
 * const client = CoxswainClient.connect({ servers: ["127.0.0.1:50051"] });
 * const { jobId } = await client.submit({ command: "echo hello" });
 * const job = await client.waitFor(jobId, { timeoutMs: 30_000 });
 * console.log(job.status, job.exitCode, Buffer.from(job.output).toString()); // COMPLETED 0 hello
 * client.close();
 *
 * @packageDocumentation
 */
export { CoxswainClient } from "./coxswain-client.ts";
export type {
  CallOptions,
  ExecutionPage,
  JobPage,
  ListFilter,
  ListOptions,
  ReadOptions,
  SubmitOutcome,
  Submitted,
  WaitOptions,
} from "./call-types.ts";
export type { LogOptions } from "./follow-logs.ts";
export type { LogExit, LogGap, LogOutput, LogRecord } from "./log-records.ts";
export type { JobAnswer, StartSpec } from "./start-spec.ts";
export type { ClientOptions } from "./client-options.ts";
export type { BackoffSettings } from "./backoff.ts";
export type { LimitsSpec } from "./limits-spec.ts";
export type { JobSpec, PolicySpec, ScheduleSpec, TaskSpec } from "./job-spec.ts";
export {
  type AttemptView,
  type ExecutionView,
  type JobListItem,
  type JobStatus,
  type Origin,
  type Outcome,
  type State,
  type Status,
  statuses,
} from "./job-views.ts";
export { CoxswainClientError } from "./errors.ts";
export { isLoopback } from "./server-list.ts";
export type {
  GetClusterStatusResponse as ClusterStatus,
  GetRaftLogEntriesResponse as LogEntries,
  NodeStatus,
  RaftLogEntry as LogEntry,
} from "@coxswain/protocol";
export type { TlsFiles } from "@coxswain/rpc";
