/**
 * Derives every index, every total and everything in memory anew from the records, and
 * compares. Throws at the first difference.
 */
import assert from "node:assert/strict";
import type { OwnerCounts } from "@coxswain/protocol";
import { Execution, Job, JobState, StoreCounters } from "@coxswain/protocol";
import { countExecution, countJob } from "../../src/counters.ts";
import { ExecutionStatus, type JobStore, type StateDirectory } from "../../src/index.ts";
import {
  endOf,
  EXECUTION_PREFIX,
  executionId,
  JOB_PREFIX,
  LEFTOVER_PREFIX,
  MARKER_PREFIX,
  META_KEY,
  NODE_PREFIX,
  OWNER_PREFIX,
  REQUEST_ORDER_PREFIX,
  REQUEST_PREFIX,
} from "../../src/keys.ts";
import { Meta } from "../../src/meta.ts";
import { executionBytes, executionIndexes, runningOf } from "../../src/records/execution.ts";
import { isTerminal, jobIndexes } from "../../src/records/job.ts";
import type { StateDatabase } from "../../src/state-directory.ts";
import { databaseOf } from "./dump.ts";

const RECORD_PREFIXES = [
  JOB_PREFIX,
  EXECUTION_PREFIX,
  NODE_PREFIX,
  OWNER_PREFIX,
  REQUEST_PREFIX,
  REQUEST_ORDER_PREFIX,
  LEFTOVER_PREFIX,
  MARKER_PREFIX,
];

export async function checkConsistency(store: JobStore, directory: StateDirectory): Promise<void> {
  await store.flush();
  const db = await databaseOf(directory);
  const jobs = (await valuesOf(db, JOB_PREFIX)).map((value) => Job.decode(value));
  const executions = (await valuesOf(db, EXECUTION_PREFIX)).map((value) => Execution.decode(value));
  await checkIndexes(db, jobs, executions);
  await checkTotals(store, db, jobs, executions);
  for (const job of jobs)
    checkJob(
      job,
      executions.filter(({ jobId }) => jobId === job.id),
    );
  await checkMemory(store, executions);
}

async function valuesOf(db: StateDatabase, prefix: string): Promise<Uint8Array[]> {
  return await db.values({ gte: prefix, lt: endOf(prefix) }).all();
}

async function checkIndexes(db: StateDatabase, jobs: Job[], executions: Execution[]): Promise<void> {
  const expected = [...jobs.flatMap(jobIndexes), ...executions.flatMap(executionIndexes)];
  const stored: [string, string][] = [];
  for await (const [key, value] of db.iterator()) {
    const isRecord = key === META_KEY || RECORD_PREFIXES.some((prefix) => key.startsWith(prefix));
    if (!isRecord) stored.push([key, Buffer.from(value).toString()]);
  }
  assert.deepEqual(
    stored,
    sorted(expected.map(([key, value]) => [key, value])),
    "indexes follow from records",
  );
}

function sorted(pairs: [string, string][]): [string, string][] {
  return pairs.sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

async function checkTotals(
  store: JobStore,
  db: StateDatabase,
  jobs: Job[],
  executions: Execution[],
): Promise<void> {
  const counted = StoreCounters.create();
  for (const job of jobs) countJob(counted, job, 1);
  for (const execution of executions)
    if (!isTerminal(execution.status)) countExecution(counted, execution, 1);
  const kept = store.counters();
  for (const name of [
    "activeJobs",
    "activeJobBytes",
    "historyJobs",
    "historyBytes",
    "queuedExecutions",
    "waitingExecutions",
    "runningExecutions",
  ] as const) {
    assert.equal(kept[name], counted[name], `the total ${name} is exact`);
  }
  assert.equal(kept.createdJobs - kept.removedJobs, jobs.length, "jobs created and not removed are there");
  const orphans = executions.filter(
    ({ jobId, jobIncarnation }) =>
      !jobs.some((job) => job.id === jobId && job.incarnation === jobIncarnation),
  );
  assert.equal(kept.unpurgedExecutions, orphans.length, "executions without a job are known as left behind");
  const meta = Meta.decode((await db.get(META_KEY)) ?? new Uint8Array(0));
  assert.deepEqual(meta.counters, kept, "the totals on disk are those in memory");
  assert.equal(
    (await valuesOf(db, REQUEST_PREFIX)).length,
    meta.nextRequest - meta.firstRequest,
    "requests are numbered without gaps",
  );
  assert.equal((await valuesOf(db, REQUEST_ORDER_PREFIX)).length, meta.nextRequest - meta.firstRequest);
  await checkOwners(store, db, jobs);
}

async function checkOwners(store: JobStore, db: StateDatabase, jobs: Job[]): Promise<void> {
  const owners = [...new Set(jobs.map(({ owner }) => owner))].sort();
  const stored = await db.keys({ gte: OWNER_PREFIX, lt: endOf(OWNER_PREFIX) }).all();
  assert.deepEqual(
    stored.map((key) => key.slice(OWNER_PREFIX.length)).sort(),
    owners,
    "owners with jobs are counted, no others",
  );
  for (const owner of [...owners, undefined]) {
    const mine = jobs.filter((job) => owner === undefined || job.owner === owner);
    const of = (status: ExecutionStatus): number => mine.filter((job) => job.status === status).length;
    const expected: OwnerCounts = {
      pending: of(ExecutionStatus.PENDING),
      running: of(ExecutionStatus.RUNNING),
      completed: of(ExecutionStatus.COMPLETED),
      failed: of(ExecutionStatus.FAILED),
      timedOut: of(ExecutionStatus.TIMED_OUT),
      cancelled: of(ExecutionStatus.CANCELLED),
    };
    assert.deepEqual(store.jobCounts(owner), expected, `the jobs of ${owner ?? "all"} are counted by status`);
  }
}

function checkJob(job: Job, executions: Execution[]): void {
  const own = executions.filter(({ jobIncarnation }) => jobIncarnation === job.incarnation);
  const active = own.filter(({ status }) => !isTerminal(status)).map(({ number }) => number);
  assert.deepEqual(
    job.activeNumbers,
    active.sort((a, b) => a - b),
    `${job.id} knows its active executions`,
  );
  assert.equal(job.activeExecutions, active.length);
  const over = own.filter(({ status }) => isTerminal(status));
  assert.equal(
    job.keptBytes,
    over.reduce((sum, execution) => sum + executionBytes(execution), 0),
    `${job.id} knows what its history takes`,
  );
  const numbers = own.map(({ number }) => number).sort((a, b) => a - b);
  const expected =
    job.oldestExecution === 0
      ? []
      : Array.from({ length: job.executions - job.oldestExecution + 1 }, (_, i) => job.oldestExecution + i);
  assert.deepEqual(numbers, expected, `${job.id} has every execution from the oldest kept to the newest`);
  const newest = own.find(({ number }) => number === job.executions);
  assert.equal(job.latestExecutionId, newest?.id ?? "", `${job.id} names its newest execution`);
  if (newest !== undefined && job.state !== JobState.CANCELLED)
    assert.equal(job.status, newest.status, `${job.id} shows the status of its newest execution`);
  const isOver = job.state === JobState.FINISHED || job.state === JobState.CANCELLED;
  assert.equal(job.finishedAtMs > 0, isOver && active.length === 0, `${job.id} says when it finished`);
  if (job.state === JobState.FINISHED)
    assert.equal(active.length, 0, `${job.id} is not finished while something is active`);
}

async function checkMemory(store: JobStore, executions: Execution[]): Promise<void> {
  const running = executions.flatMap((execution) => runningOf(execution) ?? []);
  const byId = (a: { executionId: string }, b: { executionId: string }): number =>
    a.executionId < b.executionId ? -1 : 1;
  assert.deepEqual([...store.running()].sort(byId), running.sort(byId), "what runs is in memory");
  for (const node of store.nodes())
    assert.equal(store.runningOn(node.id), running.filter(({ nodeId }) => nodeId === node.id).length);
  const waiting = executions
    .filter(({ status, retryAtMs }) => status === ExecutionStatus.PENDING && retryAtMs === 0)
    .sort((a, b) => b.priority - a.priority || a.queuedIndex - b.queuedIndex || a.queuedItem - b.queuedItem);
  const head = await store.queueHead(4);
  assert.deepEqual(
    head.map(({ executionId: id }) => id),
    waiting.slice(0, 4).map(({ id }) => id),
    "the queue's head is in order",
  );
  for (const execution of executions) {
    assert.equal(execution.id, executionId(execution.jobId, execution.jobIncarnation, execution.number));
    assert.ok(
      execution.attempts.every(({ number }, i) => number === i + 1),
      "attempts are numbered from 1",
    );
    assert.ok(
      execution.attempts.slice(0, -1).every(({ result }) => result !== undefined),
      "only the newest attempt may run",
    );
  }
}
