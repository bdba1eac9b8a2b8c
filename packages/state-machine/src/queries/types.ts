/**
 * What the queries take and give.
 */
import type { Execution, ExecutionStatus, Job, StopReason } from "@coxswain/protocol";
import type { DueItem } from "../events.ts";

/** An attempt that runs, from memory. */
export interface RunningAttempt {
  readonly executionId: string;
  readonly jobId: string;
  readonly attempt: number;
  readonly nodeId: number;
  readonly nodeIncarnation: number;
  /** 0 while it is to go on. */
  readonly stopRequested: StopReason;
  /** How long it may take to end once it is asked to; undefined: what its node gives. */
  readonly stopGraceMs: number | undefined;
  /** When the leader asks it to stop. */
  readonly deadlineMs: number;
}

/** An execution that waits for a node. */
export interface QueuedExecution {
  readonly executionId: string;
  readonly jobId: string;
  /** The executor its node must offer. */
  readonly executor: string;
  /** The number its next attempt gets. */
  readonly attempt: number;
  readonly priority: number;
  /** Log index and item that queued it: the order within a priority. */
  readonly queuedIndex: number;
  readonly queuedItem: number;
}

/** A window of the time index. */
export interface DueRange {
  /** From this instant, inclusive. Default: the oldest key. */
  readonly fromMs?: number;
  /** Up to this instant, exclusive. */
  readonly toMs: number;
  /** At most this many, oldest first. */
  readonly limit: number;
  /** Go on after this item of an earlier answer. */
  readonly after?: DueItem;
}

/** Which jobs a listing shows, newest first. */
export interface JobFilter {
  /** Undefined: of every owner. */
  readonly owner?: string;
  /** Status of the newest execution. */
  readonly status?: ExecutionStatus;
  /** Created at or after; milliseconds since the epoch. */
  readonly createdAfterMs?: number;
  /** Created before. */
  readonly createdBeforeMs?: number;
  /** Node of the newest attempt of the newest execution. */
  readonly nodeId?: number;
  /** Part of the command text, in any case. */
  readonly command?: string;
  /** 1 to 1000. */
  readonly pageSize: number;
  /** Opaque, from an earlier page with the same filter. */
  readonly pageToken?: string;
}

/** One page of a listing. */
export interface JobPage {
  readonly jobs: readonly Job[];
  /** The newest execution of each job, in the order of `jobs`; undefined before the first. */
  readonly latestExecutions: readonly (Execution | undefined)[];
  /** Empty on the last page. With filters that no index answers, a page may be short, even empty, and still have a next one. */
  readonly nextPageToken: string;
  /** Jobs that match on all pages. */
  readonly totalCount: number;
  /** False when a filter without an index made counting stop at its bound; `totalCount` is then the least there are. */
  readonly totalIsExact: boolean;
}

/** A part of a job's history. */
export interface ExecutionPage {
  /** Newest first. */
  readonly executions: readonly Execution[];
  /** Pass as `before` for the next page; absent on the last one. */
  readonly next?: number;
}

/** Whether Purge has something to remove, as far as one look tells. */
export interface HistoryOverCaps {
  readonly over: boolean;
  readonly jobs: boolean;
  readonly bytes: boolean;
  readonly age: boolean;
  /** A removed job left executions behind. */
  readonly leftovers: boolean;
  /** Remembered requests have outlived the window. */
  readonly requests: boolean;
}

/** Jobs by the status of their newest execution. */
export type JobCounts = Readonly<
  Record<"pending" | "running" | "completed" | "failed" | "timedOut" | "cancelled", number>
>;
