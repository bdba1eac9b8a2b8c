/**
 * From the stored task to what an executor takes.
 */
import type { Task } from "@coxswain/executor";
import type { Job } from "@coxswain/state-machine";

/** Undefined for `none`, which no executor runs, and for a task of no kind. */
export function executorTask(job: Job): Task | undefined {
  const kind = job.task?.kind;
  switch (kind?.$case) {
    case "process":
      return { kind: "process", ...kind.value };
    case "webhook":
      return { kind: "webhook", ...kind.value };
    case "docker":
      return { kind: "docker", ...kind.value };
    default:
      return undefined;
  }
}
