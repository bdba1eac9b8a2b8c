import { Attempt, AttemptOutcome, Execution, ExecutionStatus, Job, JobState } from "@coxswain/protocol";
import type { Command, Node, SubmitJobs_Item } from "@coxswain/protocol";
import type { ApplyResult, JobStoreEventName } from "@coxswain/state-machine";
import type { StorePort } from "../src/service-parts.ts";

/**
 * As much of the replicated job store as this room can tell apart. All nodes of a test share one, as if
 * each had applied everything.
 */
export class MemoryStore implements StorePort {
  readonly jobs = new Map<string, Job>();
  readonly executions = new Map<string, Execution>();
  readonly members = new Map<number, Node>();
  readonly commands: Command[] = [];
  readonly requests = new Map<string, ApplyResult>();

  apply(command: Command): ApplyResult {
    this.commands.push(command);
    const known = this.requests.get(command.requestId);
    if (command.requestId !== "" && known !== undefined) return known;
    const result = this.#apply(command);
    if (!("error" in result)) this.requests.set(command.requestId, result);
    return result;
  }

  job = (id: string) => Promise.resolve(this.jobs.get(id));
  execution = (id: string) => Promise.resolve(this.executions.get(id));
  readonly #listeners = new Map<string, Set<(payload: never) => void>>();
  on: StorePort["on"] = (name, listener) => {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners.add(listener));
    return () => {
      listeners.delete(listener);
    };
  };
  /** Says that something about a job changed. */
  emit(name: JobStoreEventName, jobId: string): void {
    for (const listener of this.#listeners.get(name) ?? []) listener({ jobId } as never);
  }
  get listening(): number {
    return [...this.#listeners.values()].reduce((sum, listeners) => sum + listeners.size, 0);
  }
  nodes = () => [...this.members.values()];
  node = (id: number) => this.members.get(id);
  runningOn = (nodeId: number) =>
    this.#running().filter(({ attempts }) => attempts.at(-1)?.nodeId === nodeId).length;
  featureLevel = () => 1;
  counters: StorePort["counters"] = () =>
    ({
      activeJobs: this.jobs.size,
      historyJobs: 3,
      queuedExecutions: 1,
      waitingExecutions: 1,
      runningExecutions: this.#running().length,
    }) as ReturnType<StorePort["counters"]>;

  executionsOf: StorePort["executionsOf"] = (jobId, { limit, before = Infinity }) => {
    const all = [...this.executions.values()]
      .filter((execution) => execution.jobId === jobId && execution.number < before)
      .sort((a, b) => b.number - a.number);
    const executions = all.slice(0, limit);
    const last = executions.at(-1);
    return Promise.resolve(
      last === undefined || all.length <= limit ? { executions } : { executions, next: last.number },
    );
  };

  listJobs: StorePort["listJobs"] = ({ owner, status, pageSize, pageToken }) => {
    const all = [...this.jobs.values()]
      .filter(
        (job) =>
          (owner === undefined || job.owner === owner) && (status === undefined || job.status === status),
      )
      .reverse();
    const from = Number(pageToken ?? 0);
    const jobs = all.slice(from, from + pageSize);
    return Promise.resolve({
      jobs,
      latestExecutions: jobs.map((job) => this.executions.get(job.latestExecutionId)),
      nextPageToken: from + pageSize < all.length ? String(from + pageSize) : "",
      totalCount: all.length,
      totalIsExact: true,
    });
  };

  /** Ends what runs. */
  finish(jobId: string, output: string, exitCode: number): void {
    const job = this.jobs.get(jobId)!;
    const execution = this.executions.get(job.latestExecutionId)!;
    const status = exitCode === 0 ? ExecutionStatus.COMPLETED : ExecutionStatus.FAILED;
    const result = {
      outcome: exitCode === 0 ? AttemptOutcome.SUCCEEDED : AttemptOutcome.FAILED,
      exitCode,
      signal: "",
      errorType: exitCode === 0 ? "" : "EXIT_CODE",
      errorMessage: exitCode === 0 ? "" : `exit code ${String(exitCode)}`,
      outputTail: new TextEncoder().encode(output),
      outputBytes: output.length,
      httpStatus: undefined,
      retryable: true,
    };
    const attempts = execution.attempts.map((attempt) => ({ ...attempt, result, endedAtMs: 99 }));
    this.executions.set(execution.id, { ...execution, status, attempts, finishedAtMs: 99 });
    this.jobs.set(jobId, { ...job, status, state: JobState.FINISHED, finishedAtMs: 99 });
  }

  #running(): Execution[] {
    return [...this.executions.values()].filter(({ status }) => status === ExecutionStatus.RUNNING);
  }

  #apply({ body, timeMs }: Command): ApplyResult {
    switch (body?.$case) {
      case "submitJobs":
        return { kind: "submitted", items: body.value.items.map((item) => this.#submit(item, timeMs)) };
      case "cancelJob": {
        const job = this.jobs.get(body.value.jobId);
        if (job === undefined) return refused("JOB_NOT_FOUND", "not-found");
        if (isForeign(job, body.value.owner)) return refused("JOB_PERMISSION_DENIED", "denied");
        if (job.state !== JobState.ACTIVE) return refused("JOB_ALREADY_FINISHED", "conflict");
        const stopping = job.status === ExecutionStatus.RUNNING ? 1 : 0;
        const status = stopping === 0 ? ExecutionStatus.CANCELLED : job.status;
        this.jobs.set(job.id, { ...job, state: JobState.CANCELLED, status, cancelReason: body.value.reason });
        return { kind: "cancelled", job: { ...summary(job), status }, cancelledAtMs: timeMs, stopping };
      }
      case "deleteJob": {
        const job = this.jobs.get(body.value.jobId);
        if (job === undefined) return refused("JOB_NOT_FOUND", "not-found");
        if (isForeign(job, body.value.owner)) return refused("JOB_PERMISSION_DENIED", "denied");
        this.jobs.delete(job.id);
        return { kind: "deleted", jobId: job.id, leftExecutions: 0 };
      }
      case "setNodeDraining": {
        const node = this.members.get(body.value.nodeId);
        if (node === undefined) return refused("NODE_NOT_FOUND", "not-found");
        this.members.set(node.id, { ...node, draining: body.value.draining });
        return { kind: "drainingSet", nodeId: node.id, draining: body.value.draining };
      }
      default:
        return { kind: "noop" };
    }
  }

  #submit(item: SubmitJobs_Item, timeMs: number) {
    const there = this.jobs.get(item.jobId);
    if (there !== undefined) {
      return there.owner === item.owner && Buffer.compare(there.contentHash, item.contentHash) === 0
        ? ({ kind: "existed", job: summary(there) } as const)
        : refused("JOB_CONFLICT", "conflict");
    }
    const executionId = item.nextDueMs === 0 ? `${item.jobId}.1.1` : "";
    const status = item.placement === undefined ? ExecutionStatus.PENDING : ExecutionStatus.RUNNING;
    const job = Job.fromPartial({
      id: item.jobId,
      owner: item.owner,
      state: JobState.ACTIVE,
      status,
      createdAtMs: timeMs,
      nextDueMs: item.nextDueMs,
      executions: executionId === "" ? 0 : 1,
      latestExecutionId: executionId,
      contentHash: item.contentHash,
    });
    Object.assign(job, { task: item.task, schedule: item.schedule, policy: item.policy });
    this.jobs.set(job.id, job);
    if (executionId !== "") this.addExecution(job, 1, status, item.placement?.nodeId);
    return { kind: "created", job: summary(job), assignedTo: item.placement?.nodeId ?? 0 } as const;
  }

  addExecution(
    job: Job,
    number: number,
    status: ExecutionStatus,
    nodeId?: number,
    outputTail?: Uint8Array,
  ): void {
    const result = outputTail === undefined ? undefined : { outcome: AttemptOutcome.SUCCEEDED, outputTail };
    const id = `${job.id}.1.${String(number)}`;
    const attempts =
      nodeId === undefined ? [] : [Attempt.fromPartial({ number: 1, nodeId, ...(result && { result }) })];
    this.executions.set(
      id,
      Execution.fromPartial({ id, jobId: job.id, number, status, attempts, owner: job.owner }),
    );
  }
}

function isForeign(job: Job, owner: string): boolean {
  return owner !== "" && job.owner !== owner;
}

function summary(job: Job) {
  return {
    jobId: job.id,
    incarnation: 1,
    state: job.state,
    status: job.status,
    createdAtMs: job.createdAtMs,
    latestExecutionId: job.latestExecutionId,
  };
}

function refused(
  code:
    "JOB_CONFLICT" | "JOB_NOT_FOUND" | "JOB_ALREADY_FINISHED" | "JOB_PERMISSION_DENIED" | "NODE_NOT_FOUND",
  category: "conflict" | "not-found" | "denied",
) {
  return { error: { code, category, message: code } } as const;
}
