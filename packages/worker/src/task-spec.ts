/**
 * From the stored task to what an executor takes: what is empty there is unset here.
 */
import type { DockerTask, ProcessTask, ResourceLimits, Task, WebhookTask } from "@coxswain/executor";
import type { Job } from "@coxswain/state-machine";

type StoredKind = NonNullable<NonNullable<Job["task"]>["kind"]>;
type Stored<Case extends StoredKind["$case"]> = Extract<StoredKind, { $case: Case }>["value"];

/** Undefined for `none`, which no executor runs, and for a task of no kind. */
export function executorTask(job: Job): Task | undefined {
  const kind = job.task?.kind;
  switch (kind?.$case) {
    case "process":
      return { kind: "process", ...commandOf(kind.value) };
    case "docker":
      return { kind: "docker", image: kind.value.image, ...commandOf(kind.value) };
    case "webhook":
      return webhookOf(kind.value);
    default:
      return undefined;
  }
}

function commandOf(stored: Stored<"process"> | Stored<"docker">): Omit<ProcessTask, "kind"> & Omit<DockerTask, "kind" | "image"> {
  const { shell, argv, env, workingDirectory } = stored;
  const limits = limitsOf(stored.limits);
  return {
    ...(shell === "" ? {} : { shell }),
    ...(argv.length === 0 ? {} : { argv }),
    ...(Object.keys(env).length === 0 ? {} : { env }),
    ...(workingDirectory === "" ? {} : { workingDirectory }),
    ...(limits === undefined ? {} : { limits }),
  };
}

/** Only what was asked for: executors count each limit that is there. */
function limitsOf(stored: ResourceLimits = {}): ResourceLimits | undefined {
  const named = Object.entries(stored).filter(([, value]) => value !== undefined);
  return named.length === 0 ? undefined : (Object.fromEntries(named) as ResourceLimits);
}

function webhookOf({ url, method, headers, payload }: Stored<"webhook">): WebhookTask {
  return {
    kind: "webhook",
    url,
    ...(method === "" ? {} : { method }),
    ...(Object.keys(headers).length === 0 ? {} : { headers }),
    ...(payload.byteLength === 0 ? {} : { payload }),
  };
}
