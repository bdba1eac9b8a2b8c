import type { AttemptContext, AttemptRef } from "@coxswain/executor";
import type { Run } from "./container-spec.ts";

/** Whose container it is; what reaping and adoption go by. */
export const SCOPE = "coxswain.scope";
const EXECUTION = "coxswain.execution";
const ATTEMPT = "coxswain.attempt";
const JOB = "coxswain.job";
const DUE_MS = "coxswain.due-ms";
const INCARNATION = "coxswain.incarnation";
export const MARKER = "coxswain.run";
const TIMEOUT_MS = "coxswain.timeout-ms";

/** What a container says about itself. */
export interface ContainerIdentity extends Run {
  readonly ref: AttemptRef;
  readonly jobId: string;
  readonly dueMs: number;
}

export function labelsOf(context: AttemptContext, scope: string, run: Run): Record<string, string> {
  return {
    [SCOPE]: scope,
    [EXECUTION]: context.ref.executionId,
    [ATTEMPT]: String(context.ref.attempt),
    [JOB]: context.jobId,
    [DUE_MS]: String(context.dueMs),
    [INCARNATION]: run.incarnation,
    [MARKER]: run.marker,
    [TIMEOUT_MS]: String(run.timeoutMs),
  };
}

/** Undefined for a container whose labels are not ours, or not whole. */
export function identityOf(labels: Readonly<Record<string, string>>): ContainerIdentity | undefined {
  const executionId = labels[EXECUTION] ?? "";
  const attempt = Number(labels[ATTEMPT]);
  const timeoutMs = Number(labels[TIMEOUT_MS]);
  const marker = labels[MARKER] ?? "";
  if (executionId === "" || marker === "" || !Number.isSafeInteger(attempt) || !(timeoutMs > 0)) return undefined;
  const ref = { executionId, attempt };
  return { ref, marker, timeoutMs, jobId: labels[JOB] ?? "", dueMs: Number(labels[DUE_MS] ?? 0), incarnation: labels[INCARNATION] ?? "" };
}
