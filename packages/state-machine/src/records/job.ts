/**
 * What follows from a job's record alone.
 */
import { ExecutionStatus, JobState, type Job, type Schedule, type Task } from "@coxswain/protocol";
import { be32, be64, DUE_PREFIX, FINISHED_PREFIX, listPrefix } from "../keys.ts";
import type { JobSummary } from "../results.ts";

/** What a job costs beside its own bytes: keys, indexes, bookkeeping. */
export const JOB_OVERHEAD_BYTES = 512;

/** An index entry: key and value. */
export type IndexEntry = readonly [key: string, value: string];

/** Nothing of the job runs or will run any more. */
export function isFinished(job: Job): boolean {
  return isEnded(job.state) && job.activeNumbers.length === 0;
}

/** Its state allows no new occurrence, whatever still runs. */
export function isEnded(state: JobState): boolean {
  return state === JobState.FINISHED || state === JobState.CANCELLED;
}

/** Whether it waits for a due instant. */
export function isDue(job: Job): boolean {
  return job.state === JobState.ACTIVE && job.nextDueMs > 0;
}

/** What the job counts against `maxActiveJobBytes`. */
export function jobSizeBytes(id: string, task: Task | undefined, schedule: Schedule | undefined): number {
  return JOB_OVERHEAD_BYTES + id.length + sizeOf(task) + sizeOf(schedule);
}

/** The texts, bytes and names in it, whatever its shape. */
function sizeOf(value: unknown): number {
  if (value === undefined || value === null) return 0;
  if (typeof value === "string" || value instanceof Uint8Array) return value.length;
  if (typeof value !== "object") return 8;
  let bytes = 0;
  for (const [name, part] of Object.entries(value)) bytes += name.length + sizeOf(part);
  return bytes;
}

/** What a finished job counts against `historyMaxBytes`. */
export function historyBytes(job: Job): number {
  return job.sizeBytes + job.keptBytes;
}

/** The place of a job in listings: by creation. Log time never falls, so all three rise together. */
export function listPosition(job: Job): string {
  return be64(job.createdAtMs) + be64(job.incarnation) + be32(job.item);
}

/** `due/<ms>/fire/<job>`. */
export function fireKey(dueMs: number, jobId: string): string {
  return `${DUE_PREFIX}${be64(dueMs)}/fire/${jobId}`;
}

/** Every index entry of a job. */
export function jobIndexes(job: Job): IndexEntry[] {
  const position = listPosition(job);
  const entries: IndexEntry[] = [
    [listPrefix(job.status) + position, job.id],
    [listPrefix(job.status, job.owner) + position, job.id],
  ];
  if (isDue(job)) entries.push([fireKey(job.nextDueMs, job.id), `${job.incarnation}.${job.version}`]);
  if (isFinished(job))
    entries.push([FINISHED_PREFIX + be64(job.finishedAtMs) + be64(job.incarnation) + be32(job.item), job.id]);
  return entries;
}

/** A job as results tell it. */
export function summaryOf(job: Job): JobSummary {
  const { id, incarnation, state, status, createdAtMs, latestExecutionId } = job;
  return { jobId: id, incarnation, state, status, createdAtMs, latestExecutionId };
}

/** Whether an execution with this status is over. */
export function isTerminal(status: ExecutionStatus): boolean {
  return status !== ExecutionStatus.PENDING && status !== ExecutionStatus.RUNNING;
}
