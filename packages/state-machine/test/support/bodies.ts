/**
 * Command bodies with sensible defaults.
 */
import type { AttemptOutcome, SubmitJobs_Item } from "../../src/index.ts";
import {
  AttemptResult,
  ClusterSettings,
  NodeLossPolicy,
  Policy,
  RegisterNode,
  ReportAttempts_Item,
  Schedule,
  Task,
  type CommandBody,
  type FireDue_Item,
  type Job,
  type Placement,
} from "../../src/index.ts";

export const NODE_INCARNATION = 1;
export const POLICY: Policy = Policy.fromPartial({
  maxAttempts: 3,
  timeoutMs: 60_000,
  retryInitialMs: 1_000,
  retryMaxMs: 10_000,
  onNodeLoss: NodeLossPolicy.RETRY,
});

export function shell(command = "echo hello"): Task {
  return Task.fromPartial({ kind: { $case: "process", value: { shell: command } } });
}

export const NONE: Task = Task.fromPartial({ kind: { $case: "none", value: {} } });
export const CRON: Schedule = Schedule.fromPartial({
  kind: { $case: "cron", value: { expression: "* * * * *" } },
});

export function on(nodeId: number, nodeIncarnation = NODE_INCARNATION): Placement {
  return { nodeId, nodeIncarnation };
}

type DeepItem = Partial<SubmitJobs_Item> & { jobId: string };

export function item(given: DeepItem): SubmitJobs_Item {
  return {
    owner: "ada",
    task: shell(),
    schedule: undefined,
    policy: POLICY,
    contentHash: new Uint8Array([1]),
    nextDueMs: 0,
    placement: undefined,
    idTimeMs: 0,
    ...given,
  };
}

export function submit(...given: DeepItem[]): CommandBody {
  return { $case: "submitJobs", value: { items: given.map(item) } };
}

export function cron(jobId: string, nextDueMs: number, given: Partial<SubmitJobs_Item> = {}): CommandBody {
  return submit({ jobId, schedule: CRON, nextDueMs, ...given });
}

export function fire(job: Job, nextDueMs: number, given: Partial<FireDue_Item> = {}): CommandBody {
  const fireItem: FireDue_Item = {
    jobId: job.id,
    jobIncarnation: job.incarnation,
    jobVersion: job.version,
    dueMs: job.nextDueMs,
    nextDueMs,
    missed: 0,
    skip: false,
    placement: undefined,
    ...given,
  };
  return { $case: "fireDue", value: { items: [fireItem] } };
}

export function assign(executionId: string, attempt: number, placement: Placement): CommandBody {
  return { $case: "assignExecutions", value: { items: [{ executionId, attempt, placement }] } };
}

export function report(
  executionId: string,
  attempt: number,
  outcome: AttemptOutcome,
  given: Partial<ReportAttempts_Item> = {},
  result: Partial<AttemptResult> = {},
): CommandBody {
  const reportItem = ReportAttempts_Item.fromPartial({
    executionId,
    attempt,
    nodeId: 1,
    nodeIncarnation: NODE_INCARNATION,
    startedAtMs: 1,
    endedAtMs: 2,
    ...given,
  });
  return {
    $case: "reportAttempts",
    value: {
      items: [
        { ...reportItem, result: { ...AttemptResult.create({ outcome, retryable: true }), ...result } },
      ],
    },
  };
}

export function retry(executionId: string, retryAtMs: number, placement?: Placement): CommandBody {
  return { $case: "retryDue", value: { items: [{ executionId, retryAtMs, placement }] } };
}

export function deadline(executionId: string, attempt: number, deadlineMs: number): CommandBody {
  return { $case: "deadlineDue", value: { items: [{ executionId, attempt, deadlineMs }] } };
}

export function cancel(jobId: string, reason = "", owner = "", graceMs?: number): CommandBody {
  return { $case: "cancelJob", value: { jobId, reason, owner, graceMs } };
}

export function remove(jobId: string, owner = ""): CommandBody {
  return { $case: "deleteJob", value: { jobId, owner } };
}

export function purge(limit = 100): CommandBody {
  return { $case: "purge", value: { limit } };
}

export function register(nodeId: number, given: Partial<RegisterNode> = {}): CommandBody {
  const value = RegisterNode.fromPartial({
    nodeId,
    uuid: `uuid-${nodeId}`,
    incarnation: NODE_INCARNATION,
    address: `127.0.0.1:${50_050 + nodeId}`,
    executors: ["process", "webhook"],
    capacity: 2,
    ...given,
  });
  return { $case: "registerNode", value };
}

export function lose(nodeId: number, nodeIncarnation = NODE_INCARNATION): CommandBody {
  return { $case: "markNodesLost", value: { items: [{ nodeId, nodeIncarnation }] } };
}

export function drain(nodeId: number, draining = true): CommandBody {
  return { $case: "setNodeDraining", value: { nodeId, draining } };
}

export function settings(given: Partial<ClusterSettings>, onlyIfAbsent = false): CommandBody {
  return {
    $case: "setClusterSettings",
    value: { settings: ClusterSettings.fromPartial(given), onlyIfAbsent },
  };
}

export function raise(featureLevel: number): CommandBody {
  return { $case: "raiseFeatureLevel", value: { featureLevel } };
}
