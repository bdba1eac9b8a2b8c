import { InvalidTaskError } from "@coxswain/executor";
import type { DockerTask } from "@coxswain/executor";
import type { ContainerLimits, DockerSettings } from "./docker-options.ts";

/** Below these the engine refuses, or takes the number for "no limit". */
const LEAST: ContainerLimits = { memoryBytes: 6 * 1024 * 1024, cpus: 0.01, pids: 1, tmpfsBytes: 4_096, openFiles: 16 };
const NAMES = ["memoryBytes", "cpus", "pids", "tmpfsBytes", "openFiles"] as const;

/**
 * The limits of a task, within the node's bounds.
 *
 * @throws {InvalidTaskError}
 */
export function limitsOf(task: DockerTask, settings: DockerSettings): ContainerLimits {
  const limits = { ...settings.limits };
  for (const name of NAMES) {
    const asked = task.limits?.[name];
    if (asked === undefined) continue;
    check(name, asked, settings.maxLimits[name]);
    limits[name] = asked;
  }
  return limits;
}

function check(name: keyof ContainerLimits, asked: number, most: number): void {
  const whole = name === "cpus" ? Number.isFinite(asked) : Number.isSafeInteger(asked);
  if (whole && asked >= LEAST[name] && asked <= most) return;
  throw new InvalidTaskError(`limits.${name} must be from ${LEAST[name]} to ${most}, not ${asked}.`);
}
