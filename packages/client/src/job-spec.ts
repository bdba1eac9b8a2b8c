import {
  NodeLossPolicy,
  type Policy,
  type ResourceLimits,
  type Schedule,
  SubmitJobRequest,
  type Task,
} from "@coxswain/protocol";
import { type LimitsSpec, toLimits } from "./limits-spec.ts";

/** What to run. */
export type TaskSpec =
  | {
      readonly kind: "process";
      /** Run by `/bin/sh -c`; instead of `argv`. */
      readonly shell?: string;
      readonly argv?: readonly string[];
      /** The whole environment: nothing is inherited from the node. */
      readonly env?: Readonly<Record<string, string>>;
      readonly workingDirectory?: string;
      readonly limits?: LimitsSpec;
    }
  | {
      readonly kind: "docker";
      /** Empty or absent: the cluster's default image. */
      readonly image?: string;
      readonly shell?: string;
      readonly argv?: readonly string[];
      readonly env?: Readonly<Record<string, string>>;
      readonly workingDirectory?: string;
      readonly limits?: LimitsSpec;
    }
  | {
      readonly kind: "webhook";
      readonly url: string;
      /** Default POST. */
      readonly method?: string;
      readonly headers?: Readonly<Record<string, string>>;
      readonly payload?: string | Uint8Array;
    }
  /** Completes at once, without an executor. */
  | { readonly kind: "none" };

/** When to run; absent means now. Instants are ms since the epoch. */
export type ScheduleSpec =
  | { readonly kind: "now" }
  | { readonly kind: "at"; readonly atMs: number }
  | {
      readonly kind: "cron";
      /** 5 or 6 fields, or an alias such as `@daily`. */
      readonly expression: string;
      /** IANA name. Default UTC. */
      readonly timeZone?: string;
      /** The first occurrence is at or after this instant. */
      readonly firstMs?: number;
      /** The last occurrence is at or before this instant. */
      readonly lastMs?: number;
    };

/** How executions are treated; what is absent is the cluster's default. */
export interface PolicySpec {
  /** How often an execution is tried in all when it fails or times out. */
  readonly maxAttempts?: number;
  /** Limit of one attempt. */
  readonly timeoutMs?: number;
  /** The wait before attempt 2; doubles for each further one. */
  readonly retryInitialMs?: number;
  readonly retryMaxMs?: number;
  /** Whether an execution whose node was lost runs again elsewhere. With `fail` and one attempt it runs at most once. */
  readonly onNodeLoss?: "retry" | "fail";
  /** Higher runs first. Default 0. */
  readonly priority?: number;
}

/** A job to submit: either `command` (a shell line; in a container with `image`) or `task`. */
export interface JobSpec {
  /** 1 to 128 of letters, digits and `._-`. Made by the client when absent. Two submits with one id and content are one job. */
  readonly id?: string;
  readonly command?: string;
  readonly image?: string;
  readonly task?: TaskSpec;
  readonly schedule?: ScheduleSpec;
  readonly policy?: PolicySpec;
}

export function toSubmitRequest(spec: JobSpec, jobId: string): SubmitJobRequest {
  return SubmitJobRequest.fromPartial({
    jobId,
    command: spec.command ?? "",
    image: spec.image ?? "",
    task: spec.task && toTask(spec.task),
    schedule: spec.schedule && toSchedule(spec.schedule),
    policy: spec.policy && toPolicy(spec.policy),
  });
}

function toTask(task: TaskSpec): Task {
  switch (task.kind) {
    case "process": {
      return { kind: { $case: "process", value: toCommandLine(task) } };
    }
    case "docker": {
      return { kind: { $case: "docker", value: { ...toCommandLine(task), image: task.image ?? "" } } };
    }
    case "webhook": {
      const { url, method = "", headers = {}, payload = "" } = task;
      return {
        kind: {
          $case: "webhook",
          value: { url, method, headers: { ...headers }, payload: Buffer.from(payload) },
        },
      };
    }
    case "none": {
      return { kind: { $case: "none", value: {} } };
    }
  }
}

type CommandLine = Pick<
  TaskSpec & { kind: "process" },
  "shell" | "argv" | "env" | "workingDirectory" | "limits"
>;

function toCommandLine(task: CommandLine): {
  shell: string;
  argv: string[];
  env: Record<string, string>;
  workingDirectory: string;
  limits: ResourceLimits | undefined;
} {
  return {
    shell: task.shell ?? "",
    argv: [...(task.argv ?? [])],
    env: { ...task.env },
    workingDirectory: task.workingDirectory ?? "",
    limits: task.limits && toLimits(task.limits),
  };
}

function toSchedule(schedule: ScheduleSpec): Schedule {
  switch (schedule.kind) {
    case "now": {
      return { kind: { $case: "now", value: {} } };
    }
    case "at": {
      return { kind: { $case: "at", value: { atMs: schedule.atMs } } };
    }
    case "cron": {
      const { expression, timeZone = "", firstMs = 0, lastMs = 0 } = schedule;
      return { kind: { $case: "cron", value: { expression, timeZone, firstMs, lastMs } } };
    }
  }
}

const nodeLossPolicies = { retry: NodeLossPolicy.RETRY, fail: NodeLossPolicy.FAIL } as const;

function toPolicy(policy: PolicySpec): Policy {
  return {
    maxAttempts: policy.maxAttempts ?? 0,
    timeoutMs: policy.timeoutMs ?? 0,
    retryInitialMs: policy.retryInitialMs ?? 0,
    retryMaxMs: policy.retryMaxMs ?? 0,
    onNodeLoss:
      policy.onNodeLoss === undefined ? NodeLossPolicy.UNSPECIFIED : nodeLossPolicies[policy.onNodeLoss],
    misfire: 0,
    priority: policy.priority ?? 0,
  };
}
