/** Tells a retry from a conflict: the same id with the same content is the same job (G10). */
import { createHash } from "node:crypto";
import { SubmitJobRequest } from "@coxswain/protocol";
import type { Task } from "@coxswain/protocol";
import type { CheckedSubmit } from "./validate.ts";

/**
 * SHA-256 over what was asked for, in one canonical encoding: without id and owner, the short form
 * already put into the long one, maps in order of their names. Defaults are not part of it, so that
 * a retry at a node with other defaults is still the same request.
 */
export function contentHash({ task, schedule, policy }: CheckedSubmit): Uint8Array {
  const content = { command: "", image: "", jobId: "", task: withSortedMaps(task), schedule, policy };
  return createHash("sha256").update(SubmitJobRequest.encode(content).finish()).digest();
}

function withSortedMaps(task: Task): Task {
  const { kind } = task;
  switch (kind?.$case) {
    case "process":
      return { kind: { $case: "process", value: { ...kind.value, env: sorted(kind.value.env) } } };
    case "docker":
      return { kind: { $case: "docker", value: { ...kind.value, env: sorted(kind.value.env) } } };
    case "webhook":
      return { kind: { $case: "webhook", value: { ...kind.value, headers: sorted(kind.value.headers) } } };
    case "none":
    case undefined:
      return task;
  }
}

function sorted(map: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)));
}
