import { JobRequest } from "@coxswain/protocol";
import type { TaskSpec } from "./job-spec.ts";
import type { Status } from "./job-views.ts";
import { toLimits } from "./limits-spec.ts";

/** A command to start: either `command` (a shell line; in a container with `image`) or `task`. It runs now, at most once. */
export interface StartSpec {
  /** Made by the client when absent. Two starts with one id and content start one job. */
  readonly id?: string;
  readonly command?: string;
  readonly image?: string;
  readonly task?: Extract<TaskSpec, { readonly kind: "process" | "docker" }>;
  /** Limit of the run. Default: the cluster's. */
  readonly timeoutMs?: number;
}

/** A job that was started or asked to stop, and how it was then. */
export interface JobAnswer {
  readonly jobId: string;
  readonly status: Status;
}

export function toStartRequest(
  { command = "", image = "", task, timeoutMs = 0 }: StartSpec,
  id: string,
): JobRequest {
  if (task === undefined) return JobRequest.fromPartial({ id, command, image, timeoutMs });
  const { kind, shell = "", argv = [], env = {}, workingDirectory = "", limits } = task;
  return {
    ...JobRequest.fromPartial({ id, timeoutMs, executor: kind, command: shell, workingDirectory }),
    image: task.kind === "docker" ? (task.image ?? "") : "",
    argv: [...argv],
    env: { ...env },
    limits: limits && toLimits(limits),
  };
}
