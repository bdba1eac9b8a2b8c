/**
 * Totals kept exact by what changes: subtract the record before, add the record after.
 */
import type { StoreCounters } from "@coxswain/protocol";
import { ExecutionStatus, OwnerCounts, type Execution, type Job } from "@coxswain/protocol";
import type { JobCounts } from "./queries/types.ts";
import { isQueued, isWaitingForRetry } from "./records/execution.ts";
import { historyBytes, isFinished } from "./records/job.ts";

/** Counts a job as it stands, or with `sign` -1 takes it out again. */
export function countJob(counters: StoreCounters, job: Job, sign: 1 | -1): void {
  if (isFinished(job)) {
    counters.historyJobs += sign;
    counters.historyBytes += sign * historyBytes(job);
  } else {
    counters.activeJobs += sign;
    counters.activeJobBytes += sign * job.sizeBytes;
  }
}

/** Counts an execution that is not over, or with `sign` -1 takes it out again. */
export function countExecution(counters: StoreCounters, execution: Execution, sign: 1 | -1): void {
  if (isQueued(execution)) counters.queuedExecutions += sign;
  else if (isWaitingForRetry(execution)) counters.waitingExecutions += sign;
  else if (execution.status === ExecutionStatus.RUNNING) counters.runningExecutions += sign;
}

const TOTAL_OF: Readonly<
  Record<number, "completedExecutions" | "failedExecutions" | "timedOutExecutions" | "cancelledExecutions">
> = {
  [ExecutionStatus.COMPLETED]: "completedExecutions",
  [ExecutionStatus.FAILED]: "failedExecutions",
  [ExecutionStatus.TIMED_OUT]: "timedOutExecutions",
  [ExecutionStatus.CANCELLED]: "cancelledExecutions",
};

/** Counts the end of an execution, once and for all. */
export function countEnd(counters: StoreCounters, status: ExecutionStatus, timeMs: number): void {
  const total = TOTAL_OF[status];
  if (total === undefined) return;
  counters[total] += 1;
  counters.lastFinishedAtMs = timeMs;
}

const COUNT_OF: Readonly<Record<number, keyof OwnerCounts>> = {
  [ExecutionStatus.PENDING]: "pending",
  [ExecutionStatus.RUNNING]: "running",
  [ExecutionStatus.COMPLETED]: "completed",
  [ExecutionStatus.FAILED]: "failed",
  [ExecutionStatus.TIMED_OUT]: "timedOut",
  [ExecutionStatus.CANCELLED]: "cancelled",
};

/** Jobs of each owner by status, all in memory: owners are certificates, not traffic. */
export class OwnerTable {
  readonly #byOwner = new Map<string, OwnerCounts>();
  readonly #all: OwnerCounts = OwnerCounts.create();

  /** What stands on disk, at open. */
  load(owner: string, counts: OwnerCounts): void {
    this.#byOwner.set(owner, counts);
    for (const name of Object.keys(counts) as (keyof OwnerCounts)[]) this.#all[name] += counts[name];
  }

  add(job: Job, sign: 1 | -1): void {
    const name = COUNT_OF[job.status];
    if (name === undefined) return;
    const counts = this.#byOwner.get(job.owner) ?? OwnerCounts.create();
    counts[name] += sign;
    this.#all[name] += sign;
    this.#byOwner.set(job.owner, counts);
    if (counts[name] === 0 && Object.values(counts).every((count) => count === 0))
      this.#byOwner.delete(job.owner);
  }

  /** Of one owner or of all. */
  get(owner?: string): JobCounts {
    return { ...(owner === undefined ? this.#all : (this.#byOwner.get(owner) ?? OwnerCounts.create())) };
  }

  /** The bytes to store, or undefined when the owner has no jobs. */
  encode(owner: string): Uint8Array | undefined {
    const counts = this.#byOwner.get(owner);
    return counts === undefined ? undefined : OwnerCounts.encode(counts).finish();
  }
}

/** Jobs of a status. */
export function countOf(counts: JobCounts, status: ExecutionStatus): number {
  const name = COUNT_OF[status];
  return name === undefined ? 0 : counts[name];
}
