/** Fills in what a job did not say, where the request enters the log: apply reads no defaults (G6). */
import { MisfirePolicy, NodeLossPolicy } from "@coxswain/protocol";
import type { Policy, Task } from "@coxswain/protocol";

/** The defaults for a task: a container has a limit of time of its own. */
export function policyDefaults(task: Task, defaults: Policy, dockerTimeoutMs: number): Policy {
  return task.kind?.$case === "docker" ? { ...defaults, timeoutMs: dockerTimeoutMs } : defaults;
}

/** @param asked 0 in a field stands for the default. */
export function resolvePolicy(asked: Policy | undefined, defaults: Policy): Policy {
  if (asked === undefined) return { ...defaults };
  const retryInitialMs = orDefault(asked.retryInitialMs, defaults.retryInitialMs);
  return {
    maxAttempts: orDefault(asked.maxAttempts, defaults.maxAttempts),
    timeoutMs: orDefault(asked.timeoutMs, defaults.timeoutMs),
    // A bound that only one side named must not contradict the default of the other.
    retryInitialMs:
      asked.retryInitialMs === 0 && asked.retryMaxMs > 0
        ? Math.min(retryInitialMs, asked.retryMaxMs)
        : retryInitialMs,
    retryMaxMs: Math.max(
      orDefault(asked.retryMaxMs, defaults.retryMaxMs),
      asked.retryMaxMs === 0 ? retryInitialMs : 0,
    ),
    onNodeLoss: asked.onNodeLoss === NodeLossPolicy.UNSPECIFIED ? defaults.onNodeLoss : asked.onNodeLoss,
    misfire: asked.misfire === MisfirePolicy.UNSPECIFIED ? defaults.misfire : asked.misfire,
    priority: orDefault(asked.priority, defaults.priority),
  };
}

function orDefault(value: number, otherwise: number): number {
  return value === 0 ? otherwise : value;
}

/** The image of a docker task that names none. */
export function withImage(task: Task, defaultImage: string): Task {
  if (task.kind?.$case !== "docker" || task.kind.value.image !== "") return task;
  return { kind: { $case: "docker", value: { ...task.kind.value, image: defaultImage } } };
}
