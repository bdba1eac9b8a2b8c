/**
 * What the store answers, from memory and from disk.
 */
import { Execution, Job, type ClusterSettings, type Node, type StoreCounters } from "@coxswain/protocol";
import type { Configuration } from "@coxswain/raft-core";
import { readQueueHead } from "./disk/read-working-set.ts";
import type { DueItem } from "./events.ts";
import { executionKey, jobKey, parseExecutionId } from "./keys.ts";
import type { OpenState } from "./open-state.ts";
import { readDue } from "./queries/due.ts";
import { readExecutions } from "./queries/executions-of.ts";
import { historyOverCaps } from "./queries/history-over-caps.ts";
import { listJobs } from "./queries/list-jobs.ts";
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
import type { StateDatabase } from "./state-directory.ts";

/**
 * The queries of a {@link JobStore}. Those that return promises see everything that was applied
 * before the call. The records they give are the store's own: do not change them.
 */
export abstract class JobQueries {
  /** The state in use. Throws {@link StoreClosedError}. */
  protected abstract current(): OpenState;

  /** The state in use, or the last one that was. */
  protected abstract newest(): OpenState;

  /** Runs while nothing is applied or restored. */
  protected abstract exclusively<T>(action: () => Promise<T>): Promise<T>;

  async job(id: string): Promise<Job | undefined> {
    const { state, handle } = this.current();
    const known = state.jobs.peek(id);
    if (known !== undefined) return known.record;
    const bytes = await handle.use((db) => db.get(jobKey(id)));
    return bytes === undefined ? undefined : Job.decode(bytes);
  }

  async execution(id: string): Promise<Execution | undefined> {
    const { state, handle } = this.current();
    if (parseExecutionId(id) === undefined) return undefined;
    const known = state.executions.peek(id);
    if (known !== undefined) return known.record;
    const bytes = await handle.use((db) => db.get(executionKey(id)));
    return bytes === undefined ? undefined : Execution.decode(bytes);
  }

  /** Newest first; `before`: only lower numbers. An unknown job has none. Throws {@link InvalidQueryError}. */
  async executionsOf(jobId: string, page: { limit: number; before?: number }): Promise<ExecutionPage> {
    const job = await this.job(jobId);
    return job === undefined ? { executions: [] } : await this.#read((db) => readExecutions(db, job, page));
  }

  /** Newest first. Throws {@link InvalidPageTokenError}, {@link InvalidQueryError}. */
  async listJobs(filter: JobFilter): Promise<JobPage> {
    const { owners } = this.current().state;
    return await this.#read((db) => listJobs(db, owners, filter));
  }

  /** Keys of the time index, oldest first. */
  async due(range: DueRange): Promise<DueItem[]> {
    return await this.#read((db) => readDue(db, range));
  }

  async historyOverCaps(): Promise<HistoryOverCaps> {
    const { state } = this.current();
    return await this.#read((db) => historyOverCaps(db, state));
  }

  /** The first waiting executions in their order; at most as many as `queueHeadLimit`. */
  async queueHead(limit: number): Promise<QueuedExecution[]> {
    const { queue } = this.current().state;
    if (queue.size >= limit || queue.complete) return queue.first(limit);
    return await this.exclusively(async () => {
      const { state, writer, handle } = this.current();
      await writer.flush();
      await readQueueHead(handle.db, state, state.queue.limit);
      return state.queue.first(limit);
    });
  }

  /** By id. */
  nodes(): readonly Node[] {
    return [...this.newest().state.nodes.values()].sort((a, b) => a.id - b.id);
  }

  node(id: number): Node | undefined {
    return this.newest().state.nodes.get(id);
  }

  /** Attempts that run, on one node or on all. */
  running(nodeId?: number): readonly RunningAttempt[] {
    return this.newest().state.running.list(nodeId);
  }

  /** How many attempts run on a node. */
  runningOn(nodeId: number): number {
    return this.newest().state.running.count(nodeId);
  }

  /** Executions that wait for a node. */
  queueLength(): number {
    return this.newest().state.meta.counters.queuedExecutions;
  }

  /** The newest time stamp applied (G3). */
  logTimeMs(): number {
    return this.newest().state.meta.logTimeMs;
  }

  /** The limits in force: as set, or the defaults. */
  settings(): ClusterSettings {
    return { ...this.newest().state.meta.limits() };
  }

  /** Totals, of this moment. */
  counters(): Readonly<StoreCounters> {
    return { ...this.newest().state.meta.counters };
  }

  /** Jobs by the status of their newest execution, of one owner or of all. */
  jobCounts(owner?: string): JobCounts {
    return this.newest().state.owners.get(owner);
  }

  featureLevel(): number {
    return this.newest().state.meta.featureLevel;
  }

  configuration(): Configuration {
    return this.newest().state.meta.configuration;
  }

  /** Runs a query that reads ranges: what was applied must be on disk for it. */
  async #read<T>(query: (db: StateDatabase) => Promise<T>): Promise<T> {
    const { writer, handle } = this.current();
    return await handle.use(async (db) => {
      await writer.flush();
      return await query(db);
    });
  }
}
