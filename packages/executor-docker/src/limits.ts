import { InvalidTaskError } from "@coxswain/executor";
import type { DockerTask } from "@coxswain/executor";
import type { ContainerLimits, DockerSettings } from "./docker-options.ts";

/** Below these the engine refuses, or takes the number for "no limit". */
const LEAST: ContainerLimits = { memoryBytes: 6 * 1024 * 1024, cpus: 0.01, pids: 1, tmpfsBytes: 4_096, openFiles: 16 };

/** What this executor cannot hold, and what to do about it. */
const NOT_HELD = {
  swapBytes: "containers get no swap; leave it out, or set it to 0",
  ioBytesPerSecond: "containers have no limit of i/o; leave it out, or run the task as a process",
} as const;

/**
 * The limits of a task, within the node's bounds. What cannot be held is refused, not passed over.
 *
 * @throws {InvalidTaskError}
 */
export function limitsOf(task: DockerTask, settings: DockerSettings): ContainerLimits {
  const limits = { ...settings.limits };
  for (const [name, asked] of Object.entries(task.limits ?? {})) {
    if (asked === undefined || (name === "swapBytes" && asked === 0)) continue;
    if (!isHeld(name)) throw new InvalidTaskError(`limits.${name} cannot be held here: ${whyNot(name)}.`);
    check(name, asked, settings.maxLimits[name]);
    limits[name] = asked;
  }
  return limits;
}

function isHeld(name: string): name is keyof ContainerLimits {
  return Object.hasOwn(LEAST, name);
}

function whyNot(name: string): string {
  return Object.hasOwn(NOT_HELD, name) ? NOT_HELD[name as keyof typeof NOT_HELD] : "it is no limit that this executor knows";
}

function check(name: keyof ContainerLimits, asked: number, most: number): void {
  const whole = name === "cpus" ? Number.isFinite(asked) : Number.isSafeInteger(asked);
  if (whole && asked >= LEAST[name] && asked <= most) return;
  throw new InvalidTaskError(`limits.${name} must be from ${LEAST[name]} to ${most}, not ${asked}.`);
}
