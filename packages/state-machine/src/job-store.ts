/**
 * The replicated job store: a Raft state machine on an ordered key-value database.
 */
import { Execution, Job, type ClusterSettings, type Node, type StoreCounters } from "@coxswain/protocol";
import type { Configuration, Entry, Snapshot, SnapshotMeta, StateMachine } from "@coxswain/raft-core";
import { readQueueHead } from "./disk/read-working-set.ts";
import { StoreClosedError } from "./errors.ts";
import { EventHub, type DueItem, type JobStoreEventName, type JobStoreEvents } from "./events.ts";
import { executionKey, jobKey, parseExecutionId } from "./keys.ts";
import { Mutex } from "./mutex.ts";
import { OpenState, type OpenStateOptions } from "./open-state.ts";
import { readDue } from "./queries/due.ts";
import { readExecutions } from "./queries/executions-of.ts";
import { historyOverCaps } from "./queries/history-over-caps.ts";
import { listJobs } from "./queries/list-jobs.ts";
import type {
  DueRange, ExecutionPage, HistoryOverCaps, JobCounts, JobFilter, JobPage, QueuedExecution, RunningAttempt,
} from "./queries/types.ts";
import type { ApplyResult } from "./results.ts";
import { RetiredStates } from "./retired-states.ts";
import { takeSnapshot } from "./snapshot/take-snapshot.ts";
import type { StateDatabase, StateDirectory } from "./state-directory.ts";

/** How to open a {@link JobStore}. */
export interface JobStoreOptions {
  readonly directory: StateDirectory;
  /** Bytes of decoded records kept in memory. Default 32 MiB. */
  readonly cacheBytes?: number;
  /** Waiting executions kept in memory; the rest is read from disk. Default 10,000 (G22). */
  readonly queueHeadLimit?: number;
  /** Bytes that may wait for the disk before apply waits as well. Default 4 MiB. */
  readonly maxUnwrittenBytes?: number;
  /** Gets what a listener throws. Default: dropped, since events are hints. */
  readonly onListenerError?: (error: unknown) => void;
}

const MIB = 1024 * 1024;

export class JobStore implements StateMachine<ApplyResult> {
  readonly #options: OpenStateOptions;
  readonly #events: EventHub;
  /** Apply, restore and everything else that must not overlap with them. */
  readonly #exclusive = new Mutex();
  readonly #retired: RetiredStates;
  #open: OpenState;
  #closed = false;

  private constructor(open: OpenState, events: EventHub, options: OpenStateOptions) {
    this.#open = open;
    this.#events = events;
    this.#options = options;
    this.#retired = new RetiredStates(options.directory);
  }

  /**
   * Opens the current state, or an empty one.
   * Throws {@link StateHoleError} when the state is damaged and {@link FeatureLevelError} when it is too new.
   */
  static async open(options: JobStoreOptions): Promise<JobStore> {
    const events = new EventHub(options.onListenerError ?? (() => {}));
    const openOptions: OpenStateOptions = {
      directory: options.directory,
      cacheBytes: options.cacheBytes ?? 32 * MIB,
      queueHeadLimit: options.queueHeadLimit ?? 10_000,
      maxUnwrittenBytes: options.maxUnwrittenBytes ?? 4 * MIB,
      onWritten: (written) => {
        for (const { name, payload } of written) events.emit(name, payload);
      },
      onFailed: (error) => {
        events.emit("failed", { error });
      },
    };
    return new JobStore(await OpenState.current(openOptions), events, openOptions);
  }

  // The state machine.

  /** Resolves with one result for each entry as soon as memory has them; the disk follows, see {@link durable}. */
  apply(entries: readonly Entry[]): Promise<ApplyResult[]> {
    return this.#exclusive.run(async () => await this.#current().applier.apply(entries));
  }

  appliedIndex(): number {
    return this.#open.state.meta.appliedIndex;
  }

  durable(): SnapshotMeta {
    return this.#open.writer.durable;
  }

  /** Resolves when everything applied before the call is durable and its hints are out. */
  async flush(): Promise<void> {
    await this.#current().writer.flush();
  }

  async snapshot(): Promise<Snapshot> {
    const { writer, handle } = this.#current();
    writer.check();
    return await writer.betweenWrites(() => takeSnapshot(handle, writer.durable));
  }

  /** Throws {@link SnapshotDamagedError} or {@link FeatureLevelError}; the old state then stands. */
  restore(meta: SnapshotMeta, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    return this.#exclusive.run(async () => {
      const old = this.#current();
      const next = await OpenState.received(this.#options, meta, chunks);
      // Reads that are under way wait for what the old state has still to write.
      await old.writer.drain();
      try {
        await this.#options.directory.switchTo(next.handle.name);
      } catch (error) {
        // Nobody knows which one a crash would find now: both stay, and the next open removes the other.
        await next.handle.close();
        throw error;
      }
      this.#open = next;
      this.#retired.add(old.handle);
      this.#events.emit("restored", { index: meta.index });
    });
  }

  /** Writes what is left and closes. May be called twice. */
  close(): Promise<void> {
    return this.#exclusive.run(async () => {
      if (this.#closed) return;
      this.#closed = true;
      await this.#open.writer.drain();
      await this.#open.handle.db.close();
      await this.#retired.close();
    });
  }

  // Queries that may read from disk. They see everything that was applied before the call.
  // The records they give are the store's own: do not change them.

  async job(id: string): Promise<Job | undefined> {
    const { state, handle } = this.#current();
    const known = state.jobs.peek(id);
    if (known !== undefined) return known.record;
    const bytes = await handle.use((db) => db.get(jobKey(id)));
    return bytes === undefined ? undefined : Job.decode(bytes);
  }

  async execution(id: string): Promise<Execution | undefined> {
    const { state, handle } = this.#current();
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
    const { owners } = this.#current().state;
    return await this.#read((db) => listJobs(db, owners, filter));
  }

  /** Keys of the time index, oldest first. */
  async due(range: DueRange): Promise<DueItem[]> {
    return await this.#read((db) => readDue(db, range));
  }

  async historyOverCaps(): Promise<HistoryOverCaps> {
    const { state } = this.#current();
    return await this.#read((db) => historyOverCaps(db, state));
  }

  /** The first waiting executions in their order; at most as many as `queueHeadLimit`. */
  async queueHead(limit: number): Promise<QueuedExecution[]> {
    const { queue } = this.#current().state;
    if (queue.size >= limit || queue.complete) return queue.first(limit);
    return await this.#exclusive.run(async () => {
      const { state, writer, handle } = this.#current();
      await writer.flush();
      await readQueueHead(handle.db, state, this.#options.queueHeadLimit);
      return state.queue.first(limit);
    });
  }

  // Queries from memory.

  /** By id. */
  nodes(): readonly Node[] {
    return [...this.#open.state.nodes.values()].sort((a, b) => a.id - b.id);
  }

  node(id: number): Node | undefined {
    return this.#open.state.nodes.get(id);
  }

  /** Attempts that run, on one node or on all. */
  running(nodeId?: number): readonly RunningAttempt[] {
    return this.#open.state.running.list(nodeId);
  }

  /** How many attempts run on a node. */
  runningOn(nodeId: number): number {
    return this.#open.state.running.count(nodeId);
  }

  /** Executions that wait for a node. */
  queueLength(): number {
    return this.#open.state.meta.counters.queuedExecutions;
  }

  /** The newest time stamp applied (G3). */
  logTimeMs(): number {
    return this.#open.state.meta.logTimeMs;
  }

  /** The limits in force: as set, or the defaults. */
  settings(): ClusterSettings {
    return { ...this.#open.state.meta.limits() };
  }

  /** Totals, of this moment. */
  counters(): Readonly<StoreCounters> {
    return { ...this.#open.state.meta.counters };
  }

  /** Jobs by the status of their newest execution, of one owner or of all. */
  jobCounts(owner?: string): JobCounts {
    return this.#open.state.owners.get(owner);
  }

  featureLevel(): number {
    return this.#open.state.meta.featureLevel;
  }

  configuration(): Configuration {
    return this.#open.state.meta.configuration;
  }

  /** Hears hints about what changed, after it is written (G2). Returns the function that removes the listener. */
  on<Name extends JobStoreEventName>(name: Name, listener: (payload: JobStoreEvents[Name]) => void): () => void {
    return this.#events.on(name, listener);
  }

  /** Throws {@link StoreClosedError}. */
  #current(): OpenState {
    if (this.#closed) throw new StoreClosedError("The job store is closed. Open it again.");
    return this.#open;
  }

  /** Runs a query that reads ranges: what was applied must be on disk for it. */
  async #read<T>(query: (db: StateDatabase) => Promise<T>): Promise<T> {
    const { writer, handle } = this.#current();
    return await handle.use(async (db) => {
      await writer.flush();
      return await query(db);
    });
  }
}
