import type {
  AttemptView,
  ClusterStatus,
  ExecutionView,
  JobListItem,
  JobAnswer,
  JobStatus,
  LimitsSpec,
  LogEntries,
  LogRecord,
  ScheduleSpec,
  Submitted,
  TaskSpec,
} from "@coxswain/client";

/**
 * The shapes of `-o json`: snake_case, statuses as words, instants in ms with `_ms`, absent values null. Scripts
 * rely on them: fields may be added, none changes or goes.
 */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

export function jsonText(value: Json, indent: 0 | 2 = 2): string {
  return `${JSON.stringify(value, undefined, indent)}\n`;
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Output is bytes: as text where it is UTF-8, and always exactly as base64. */
function outputJson(output: Uint8Array): { output: Json; output_base64: Json } {
  const base64 = Buffer.from(output).toString("base64");
  try {
    return { output: decoder.decode(output), output_base64: base64 };
  } catch {
    return { output: Buffer.from(output).toString("utf8"), output_base64: base64 };
  }
}

export function submittedJson({ jobId, createdAtMs, existed }: Submitted): Json {
  return { job_id: jobId, created_at_ms: createdAtMs, existed };
}

export function answerJson({ jobId, status }: JobAnswer): Json {
  return { job_id: jobId, status };
}

/** A record of a job's output; `kind` says which, as the bytes are base64 alone. */
export function logRecordJson(record: LogRecord): Json {
  const { kind, executionId, attempt } = record;
  const place = { kind, execution_id: executionId, attempt };
  switch (record.kind) {
    case "output": {
      const { offset, stream = null, bytes } = record;
      return { ...place, offset, stream, output_base64: Buffer.from(bytes).toString("base64") };
    }
    case "gap": {
      return { ...place, from: record.from, to: record.to ?? null };
    }
    case "exit": {
      const { status, exitCode, signal, errorType, error, outputBytes, endedAtMs, nodeId } = record;
      return {
        ...place,
        status,
        exit_code: exitCode ?? null,
        signal,
        error_type: errorType,
        error,
        output_bytes: outputBytes,
        ended_at_ms: endedAtMs,
        node_id: nodeId ?? null,
      };
    }
  }
}

export function statusJson(job: JobStatus): Json {
  return {
    job_id: job.jobId,
    status: job.status,
    state: job.state,
    owner: job.owner,
    task: taskJson(job.task),
    schedule: scheduleJson(job.schedule),
    ...outputJson(job.output),
    exit_code: job.exitCode ?? null,
    error: job.error,
    error_type: job.errorType,
    assigned_worker: job.assignedWorker ?? null,
    executed_by: job.executedBy ?? null,
    created_at_ms: job.createdAtMs,
    completed_at_ms: job.completedAtMs ?? null,
    next_due_ms: job.nextDueMs ?? null,
    executions: job.executions,
    attempts: job.attempts,
    missed_occurrences: job.missedOccurrences,
    latest_execution_id: job.latestExecutionId,
    cancel_reason: job.cancelReason,
    pending_reason: job.pendingReason,
  };
}

function taskJson(task: TaskSpec | undefined): Json {
  switch (task?.kind) {
    case undefined: {
      return null;
    }
    case "process": {
      return { kind: task.kind, ...commandJson(task) };
    }
    case "docker": {
      return { kind: task.kind, image: task.image ?? "", ...commandJson(task) };
    }
    case "webhook": {
      const payload = task.payload === undefined ? "" : Buffer.from(task.payload).toString("utf8");
      return {
        kind: task.kind,
        url: task.url,
        method: task.method ?? "",
        headers: { ...task.headers },
        payload,
      };
    }
    case "none": {
      return { kind: task.kind };
    }
  }
}

function commandJson(task: TaskSpec & { readonly kind: "process" | "docker" }): Record<string, Json> {
  const { shell = "", argv = [], env = {}, workingDirectory = "", limits } = task;
  return {
    shell,
    argv: [...argv],
    env: { ...env },
    working_directory: workingDirectory,
    limits: limits === undefined ? null : limitsJson(limits),
  };
}

function limitsJson(limits: LimitsSpec): Json {
  return {
    memory_bytes: limits.memoryBytes ?? null,
    swap_bytes: limits.swapBytes ?? null,
    cpus: limits.cpus ?? null,
    pids: limits.pids ?? null,
    io_bytes_per_second: limits.ioBytesPerSecond ?? null,
    tmpfs_bytes: limits.tmpfsBytes ?? null,
    open_files: limits.openFiles ?? null,
  };
}

function scheduleJson(schedule: ScheduleSpec): Json {
  switch (schedule.kind) {
    case "now": {
      return { kind: "now" };
    }
    case "at": {
      return { kind: "at", at_ms: schedule.atMs };
    }
    case "cron": {
      const { kind, expression, timeZone = "UTC", firstMs = null, lastMs = null } = schedule;
      return { kind, expression, time_zone: timeZone, first_ms: firstMs, last_ms: lastMs };
    }
  }
}

export function listItemJson(job: JobListItem): Json {
  return {
    job_id: job.jobId,
    command: job.command,
    kind: job.kind,
    schedule: job.schedule,
    status: job.status,
    state: job.state,
    owner: job.owner,
    assigned_worker: job.assignedWorker ?? null,
    created_at_ms: job.createdAtMs,
    completed_at_ms: job.completedAtMs ?? null,
    next_due_ms: job.nextDueMs ?? null,
  };
}

export function executionJson(execution: ExecutionView): Json {
  return {
    execution_id: execution.id,
    job_id: execution.jobId,
    number: execution.number,
    origin: execution.origin,
    status: execution.status,
    due_ms: execution.dueMs,
    created_at_ms: execution.createdAtMs,
    finished_at_ms: execution.finishedAtMs ?? null,
    retry_at_ms: execution.retryAtMs ?? null,
    attempts: execution.attempts.map(attemptJson),
  };
}

function attemptJson(attempt: AttemptView): Json {
  return {
    number: attempt.number,
    node_id: attempt.nodeId,
    assigned_at_ms: attempt.assignedAtMs,
    started_at_ms: attempt.startedAtMs ?? null,
    ended_at_ms: attempt.endedAtMs ?? null,
    outcome: attempt.outcome ?? null,
    exit_code: attempt.exitCode ?? null,
    signal: attempt.signal,
    http_status: attempt.httpStatus ?? null,
    error_type: attempt.errorType,
    error_message: attempt.errorMessage,
    ...outputJson(attempt.output),
    output_bytes: attempt.outputBytes,
  };
}

export function clusterJson(status: ClusterStatus): Json {
  return {
    cluster_id: status.clusterId,
    node_id: status.nodeId,
    role: status.role,
    current_term: status.currentTerm,
    leader_id: status.leaderId === 0 ? null : status.leaderId,
    commit_index: status.commitIndex,
    applied_index: status.appliedIndex,
    first_log_index: status.firstLogIndex,
    last_log_index: status.lastLogIndex,
    feature_level: status.featureLevel,
    active_jobs: status.activeJobs,
    finished_jobs: status.finishedJobs,
    pending_executions: status.pendingExecutions,
    running_executions: status.runningExecutions,
    nodes: status.nodes.map((node) => ({
      node_id: node.nodeId,
      address: node.address,
      is_leader: node.isLeader,
      is_alive: node.isAlive,
      is_voter: node.isVoter,
      draining: node.draining,
      executors: [...node.executors],
      missing_executors: { ...node.missingExecutors },
      executor_limitations: { ...node.executorLimitations },
      capacity: node.capacity,
      running: node.running,
      match_index: node.matchIndex,
      incarnation: node.incarnation,
    })),
  };
}

export function logJson(log: LogEntries): Json {
  return {
    entries: log.entries.map(({ index, term, command, isCommitted }) => ({
      index,
      term,
      command,
      is_committed: isCommitted,
    })),
    commit_index: log.commitIndex,
    last_log_index: log.lastLogIndex,
    first_available_index: log.firstAvailableIndex,
  };
}
