import { InvalidTaskError } from "./errors.ts";
import type { AttemptContext } from "./executor.ts";
import type { Task, TaskSpec } from "./task-spec.ts";

const ID_MAX_LENGTH = 512;

/**
 * What every executor checks before anything is created: the task is of its kind, the limit
 * is one, and the ids are plain text. Ids may contain `/` or `..`: executors must not build
 * paths of them.
 *
 * @returns the task, narrowed to its kind
 * @throws {InvalidTaskError}
 */
export function checkAttempt<K extends Task["kind"]>(
  kind: K,
  spec: TaskSpec,
  context: AttemptContext,
): Extract<Task, { kind: K }> {
  const { task, timeoutMs } = spec;
  if (task.kind !== kind) {
    throw new InvalidTaskError(`This executor runs ${kind} tasks, not "${task.kind}"; give the task to its own executor.`);
  }
  if (!Number.isFinite(timeoutMs) || timeoutMs <= 0) {
    throw new InvalidTaskError(`timeoutMs must be a positive number, not ${timeoutMs}.`);
  }
  if (!Number.isSafeInteger(context.ref.attempt) || context.ref.attempt < 1) {
    throw new InvalidTaskError(`attempt must be an integer from 1, not ${context.ref.attempt}.`);
  }
  if (!Number.isFinite(new Date(context.dueMs).getTime())) {
    throw new InvalidTaskError(`dueMs must be a point in time, not ${context.dueMs}.`);
  }
  checkId("executionId", context.ref.executionId);
  checkId("jobId", context.jobId);
  return task as Extract<Task, { kind: K }>;
}

function checkId(name: string, id: string): void {
  if (id.length === 0 || id.length > ID_MAX_LENGTH) {
    throw new InvalidTaskError(`${name} must have 1 to ${ID_MAX_LENGTH} characters, not ${id.length}.`);
  }
  // eslint's no-control-regex would need an exception for the same test as a pattern.
  for (const character of id) {
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x20 || code === 0x7f) {
      throw new InvalidTaskError(`${name} must not contain control characters.`);
    }
  }
}
