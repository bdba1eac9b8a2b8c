import { availableParallelism, totalmem } from "node:os";
import { readFile } from "node:fs/promises";
import { InvalidTaskError } from "@coxswain/executor";
import type { ResourceLimits } from "@coxswain/executor";

/** What an attempt is held to. */
export interface Limits {
  readonly memoryBytes: number;
  readonly swapBytes: number;
  readonly cpus: number;
  readonly pids: number;
  /** Undefined: not limited. */
  readonly ioBytesPerSecond: number | undefined;
}

/** What the machine has, and may be asked for; no limit may be above it. */
export interface Host {
  readonly memoryBytes: number;
  readonly swapBytes: number;
  readonly cpus: number;
  readonly pids: number;
}

export const DEFAULT_LIMITS: Limits = {
  memoryBytes: 256 * 1024 ** 2,
  swapBytes: 0,
  cpus: 0.5,
  pids: 256,
  ioBytesPerSecond: undefined,
};
/** The kernel takes no quota below 1 ms in 100 ms. */
const LEAST_CPUS = 0.01;

/** @param most of what it has may be asked for */
export async function hostOf(most: Partial<Host> = {}): Promise<Host> {
  const pids = Number(await readFile("/proc/sys/kernel/pid_max", "latin1"));
  const { memoryBytes = Infinity, swapBytes = Number.MAX_SAFE_INTEGER, cpus = Infinity } = most;
  return {
    memoryBytes: Math.min(totalmem(), memoryBytes),
    swapBytes,
    cpus: Math.min(availableParallelism(), cpus),
    pids: Math.min(pids, most.pids ?? Infinity),
  };
}

/**
 * The task's own limits over the node's, each checked against the machine before anything is
 * created.
 *
 * @throws {InvalidTaskError} naming the limit and its bounds
 */
export function limitsOf(asked: ResourceLimits, defaults: Limits, host: Host): Limits {
  const limits = { ...defaults, ...definedOf(asked) };
  checkInteger("memoryBytes", limits.memoryBytes, 1, host.memoryBytes);
  checkInteger("swapBytes", limits.swapBytes, 0, host.swapBytes);
  checkRange("cpus", limits.cpus, LEAST_CPUS, host.cpus);
  checkInteger("pids", limits.pids, 1, host.pids);
  if (limits.ioBytesPerSecond !== undefined) {
    checkInteger("ioBytesPerSecond", limits.ioBytesPerSecond, 1, Number.MAX_SAFE_INTEGER);
  }
  return limits;
}

function definedOf(asked: ResourceLimits): Partial<Limits> {
  return Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined));
}

function checkInteger(name: keyof Limits, value: number, least: number, most: number): void {
  checkRange(name, value, least, most);
  if (!Number.isSafeInteger(value)) throw new InvalidTaskError(`limits.${name} must be a whole number, not ${value}.`);
}

function checkRange(name: keyof Limits, value: number, least: number, most: number): void {
  // Written so that NaN, which compares as false, is refused.
  if (typeof value === "number" && value >= least && value <= most) return;
  throw new InvalidTaskError(`limits.${name} must be from ${least} to ${most}, which this node allows, not ${value}.`);
}
