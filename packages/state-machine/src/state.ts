/**
 * The state during apply: what is in memory, and what changed since the last write.
 *
 * Everything derived (totals, the running table, the queue's head, hints) follows here from
 * the record before and the record after a change, and nowhere else.
 */
import { Node, type Execution, type Job, type Leftover, type RememberedRequest } from "@coxswain/protocol";
import type { SnapshotMeta } from "@coxswain/raft-core";
import { countEnd, countExecution, countJob, OwnerTable } from "./counters.ts";
import type { JobStoreEvent } from "./events.ts";
import { nodeKey, OWNER_PREFIX } from "./keys.ts";
import { Meta } from "./meta.ts";
import { QueueHead } from "./queue.ts";
import { RecordTable, type Changes } from "./record-table.ts";
import { isQueued, queuedOf, queueKeyOf, runningOf } from "./records/execution.ts";
import { executionEvents, jobEvents } from "./records/hints.ts";
import { isTerminal } from "./records/job.ts";
import { EXECUTIONS, JOBS, LEFTOVERS, REQUEST_ORDER, REQUESTS } from "./records/kinds.ts";
import { RunningTable } from "./running.ts";

/** Bounds of what is kept in memory. */
export interface StateLimits {
  readonly cacheBytes: number;
  readonly queueHeadLimit: number;
}

/** Changes on their way to disk, with everything that one atomic write needs. */
export interface Flight {
  /** The first and the last entry of the write. */
  readonly firstIndex: number;
  /** The last entry, and what stands there. */
  readonly point: SnapshotMeta;
  readonly metaBytes: Uint8Array;
  readonly tables: readonly { readonly table: RecordTable<unknown>; readonly changes: Changes<unknown> }[];
  /** Keys with their bytes; undefined removes. */
  readonly singles: readonly (readonly [key: string, value: Uint8Array | undefined])[];
}

export class State {
  meta: Meta = new Meta();
  readonly nodes: Map<number, Node> = new Map();
  readonly running: RunningTable = new RunningTable();
  readonly owners: OwnerTable = new OwnerTable();
  readonly queue: QueueHead;
  readonly jobs: RecordTable<Job>;
  readonly executions: RecordTable<Execution>;
  readonly requests: RecordTable<RememberedRequest> = new RecordTable(REQUESTS, 0);
  readonly requestOrder: RecordTable<string> = new RecordTable(REQUEST_ORDER, 0);
  readonly leftovers: RecordTable<Leftover> = new RecordTable(LEFTOVERS, 0);
  #changedNodes = new Set<number>();
  #changedOwners = new Set<string>();
  #events: JobStoreEvent[] = [];
  /** The last entry that a write took. */
  #takenIndex = 0;

  constructor(limits: StateLimits) {
    this.queue = new QueueHead(limits.queueHeadLimit);
    this.jobs = new RecordTable(JOBS, limits.cacheBytes / 2);
    this.executions = new RecordTable(EXECUTIONS, limits.cacheBytes / 2);
  }

  /** Sets where the state stands, as read at open. */
  begin(meta: Meta): void {
    this.meta = meta;
    this.#takenIndex = meta.appliedIndex;
  }

  /** Whether entries were applied that no write took yet. */
  get dirty(): boolean {
    return this.meta.appliedIndex > this.#takenIndex;
  }

  get unwrittenBytes(): number {
    return this.#tables().reduce((sum, table) => sum + table.unwrittenBytes, 0);
  }

  putJob(job: Job): void {
    this.#changeJob(job.id, job);
  }

  removeJob(id: string): void {
    this.#changeJob(id, undefined);
    this.meta.counters.removedJobs += 1;
  }

  putExecution(execution: Execution): void {
    const before = this.executions.get(execution.id);
    this.executions.put(execution.id, execution);
    this.#followExecution(before, execution);
  }

  /** Removes an execution that is over, without having read it. */
  eraseExecution(id: string): void {
    this.executions.erase(id);
  }

  putNode(node: Node): void {
    this.nodes.set(node.id, node);
    this.#changedNodes.add(node.id);
    this.emit({ name: "nodeChanged", payload: { nodeId: node.id } });
  }

  emit(event: JobStoreEvent): void {
    this.#events.push(event);
  }

  /** Hints that nobody was told yet. */
  takeEvents(): readonly JobStoreEvent[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }

  /** From here on everything that was read stays readable, whatever the caches drop, until {@link forgetReads}. */
  keepReads(): void {
    for (const table of this.#tables()) table.keepReads();
  }

  forgetReads(): void {
    for (const table of this.#tables()) table.forgetReads();
  }

  /** Everything that changed, for one atomic write. Call {@link landed} when it is done. */
  takeOff(): Flight {
    const flight: Flight = {
      firstIndex: this.#takenIndex + 1,
      point: this.meta.point(),
      metaBytes: this.meta.encode(),
      tables: this.#tables().map((table) => ({ table, changes: table.takeOff() })),
      singles: this.#takeSingles(),
    };
    this.#takenIndex = this.meta.appliedIndex;
    return flight;
  }

  landed(): void {
    for (const table of this.#tables()) table.landed();
  }

  #takeSingles(): [string, Uint8Array | undefined][] {
    const singles: [string, Uint8Array | undefined][] = [];
    for (const id of this.#changedNodes) {
      const node = this.nodes.get(id);
      singles.push([nodeKey(id), node === undefined ? undefined : Node.encode(node).finish()]);
    }
    for (const owner of this.#changedOwners) singles.push([OWNER_PREFIX + owner, this.owners.encode(owner)]);
    this.#changedNodes = new Set();
    this.#changedOwners = new Set();
    return singles;
  }

  #changeJob(id: string, after: Job | undefined): void {
    const before = this.jobs.get(id);
    this.jobs.put(id, after);
    for (const [job, sign] of [
      [before, -1],
      [after, 1],
    ] as const) {
      if (job === undefined) continue;
      countJob(this.meta.counters, job, sign);
      this.owners.add(job, sign);
      this.#changedOwners.add(job.owner);
    }
    for (const event of jobEvents(before, after)) this.emit(event);
  }

  #followExecution(before: Execution | undefined, after: Execution): void {
    const { counters } = this.meta;
    if (before !== undefined) countExecution(counters, before, -1);
    countExecution(counters, after, 1);
    if (isTerminal(after.status) && (before === undefined || !isTerminal(before.status))) {
      countEnd(counters, after.status, after.finishedAtMs);
    }
    if (before !== undefined && isQueued(before)) this.queue.remove(queueKeyOf(before));
    if (isQueued(after)) this.queue.add(queueKeyOf(after), queuedOf(after));
    const running = runningOf(after);
    if (running === undefined) this.running.remove(after.id);
    else this.running.set(running);
    for (const event of executionEvents(before, after)) this.emit(event);
  }

  #tables(): RecordTable<unknown>[] {
    const tables: readonly unknown[] = [
      this.jobs,
      this.executions,
      this.requests,
      this.requestOrder,
      this.leftovers,
    ];
    return tables as RecordTable<unknown>[];
  }
}
