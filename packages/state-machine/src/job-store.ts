/**
 * The replicated job store: a Raft state machine on an ordered key-value database.
 */
import type { ClusterSettings, Execution, Job, Node, StoreCounters } from "@coxswain/protocol";
import type { Configuration, Entry, Snapshot, SnapshotMeta, StateMachine } from "@coxswain/raft-core";
import type { DueItem, JobStoreEventName, JobStoreEvents } from "./events.ts";
import type {
  DueRange,
  ExecutionPage,
  HistoryOverCaps,
  JobCounts,
  JobFilter,
  JobPage,
  QueuedExecution,
  RunningAttempt,
} from "./queries/types.ts";
import type { ApplyResult } from "./results.ts";
import type { StateDirectory } from "./state-directory.ts";

/** How to open a {@link JobStore}. */
export interface JobStoreOptions {
  readonly directory: StateDirectory;
  /** Bytes of decoded records kept in memory. Default 32 MiB. */
  readonly cacheBytes?: number;
  /** Waiting executions kept in memory; the rest is read from disk. Default 10,000 (G22). */
  readonly queueHeadLimit?: number;
  /** Bytes that may wait for the disk before apply waits as well. Default 16 MiB. */
  readonly maxUnwrittenBytes?: number;
  /** Gets what a listener throws. Default: dropped, since events are hints. */
  readonly onListenerError?: (error: unknown) => void;
}

export class JobStore implements StateMachine<ApplyResult> {
  /** Opens the current state, or an empty one. Throws {@link StateHoleError}, {@link FeatureLevelError}. */
  static open(options: JobStoreOptions): Promise<JobStore> {
    throw new Error("not written yet: " + typeof options);
  }

  // The state machine.
  declare apply: (entries: readonly Entry[]) => Promise<ApplyResult[]>;
  declare appliedIndex: () => number;
  declare durable: () => SnapshotMeta;
  declare snapshot: () => Promise<Snapshot>;
  declare restore: (meta: SnapshotMeta, chunks: AsyncIterable<Uint8Array>) => Promise<void>;
  /** Resolves when everything applied so far is durable. */
  declare flush: () => Promise<void>;
  declare close: () => Promise<void>;

  // Queries that read.
  declare job: (id: string) => Promise<Job | undefined>;
  declare execution: (id: string) => Promise<Execution | undefined>;
  /** Newest first. `before`: only numbers below. Throws nothing; an unknown job has none. */
  declare executionsOf: (jobId: string, page: { limit: number; before?: number }) => Promise<ExecutionPage>;
  /** Throws {@link InvalidPageTokenError}. */
  declare listJobs: (filter: JobFilter) => Promise<JobPage>;
  declare queueHead: (limit: number) => Promise<QueuedExecution[]>;
  declare due: (range: DueRange) => Promise<DueItem[]>;
  declare historyOverCaps: () => Promise<HistoryOverCaps>;

  // Queries from memory.
  declare nodes: () => readonly Node[];
  declare node: (id: number) => Node | undefined;
  declare running: (nodeId?: number) => readonly RunningAttempt[];
  declare runningOn: (nodeId: number) => number;
  declare queueLength: () => number;
  declare logTimeMs: () => number;
  declare settings: () => ClusterSettings;
  declare counters: () => Readonly<StoreCounters>;
  /** Jobs by status, of one owner or of all. */
  declare jobCounts: (owner?: string) => JobCounts;
  declare featureLevel: () => number;
  declare configuration: () => Configuration;

  /** Returns the function that removes the listener. */
  declare on: <Name extends JobStoreEventName>(
    name: Name,
    listener: (payload: JobStoreEvents[Name]) => void,
  ) => () => void;
}
