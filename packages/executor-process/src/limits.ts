import { availableParallelism, totalmem } from "node:os";
import { readFile } from "node:fs/promises";
import { InvalidTaskError } from "@coxswain/executor";
import type { ResourceLimits } from "@coxswain/executor";

/** What an attempt is held to. */
export interface Limits {
  /** Of memory, tmpfs included. */
  readonly memoryBytes: number;
  /** Of swap, beside memory; may be 0. */
  readonly swapBytes: number;
  /** Share of the processors' time: 0.5 is half of one. At least 0.01. */
  readonly cpus: number;
  /** Processes and threads at once. */
  readonly pids: number;
  /** From and to each disk, each way. Undefined: not limited. */
  readonly ioBytesPerSecond: number | undefined;
  /** Size of a sandboxed task's `/tmp`, and again of its `/dev/shm`. */
  readonly tmpfsBytes: number;
  /** Open files of one process. At least 16. */
  readonly openFiles: number;
}

export type LimitName = keyof Limits;

/** The most that a task may be given of each; what is undefined is unlimited. */
export type Bounds = { readonly [Name in LimitName]: number | undefined };

const MIB = 1024 ** 2;

export const DEFAULT_LIMITS: Limits = {
  memoryBytes: 256 * MIB,
  swapBytes: 0,
  cpus: 0.5,
  pids: 256,
  ioBytesPerSecond: undefined,
  tmpfsBytes: 64 * MIB,
  openFiles: 1_024,
};
/** The kernel takes no quota below 1 ms in 100 ms; a tmpfs has whole pages, and a shell needs some files. */
const LEAST: Limits = { memoryBytes: 1, swapBytes: 0, cpus: 0.01, pids: 1, ioBytesPerSecond: 1, tmpfsBytes: 4_096, openFiles: 16 };
const NAMES = Object.keys(LEAST) as LimitName[];

/** What this machine has. */
export async function hostBounds(): Promise<Bounds> {
  const [pidMax, memory, own] = await Promise.all(["sys/kernel/pid_max", "meminfo", "self/limits"].map((file) => readFile(`/proc/${file}`, "latin1")));
  const swapKib = Number(/^SwapTotal:\s+(\d+)/m.exec(memory ?? "")?.[1] ?? 0);
  // Only a node with a privilege that its tasks lack could raise the hard limit.
  const openFiles = Number(/^Max open files\s+\S+\s+(\d+)/m.exec(own ?? "")?.[1] ?? Number.MAX_SAFE_INTEGER);
  return {
    memoryBytes: totalmem(),
    swapBytes: swapKib * 1024,
    cpus: availableParallelism(),
    pids: Number(pidMax),
    ioBytesPerSecond: undefined,
    tmpfsBytes: totalmem(),
    openFiles,
  };
}

/** The node's own bounds, where they are below the machine's. */
export function boundsOf(host: Bounds, maxLimits: Partial<Bounds>): Bounds {
  const least = (name: LimitName): number | undefined => {
    const most = Math.min(host[name] ?? Infinity, maxLimits[name] ?? Infinity);
    return most === Infinity ? undefined : most;
  };
  return Object.fromEntries(NAMES.map((name) => [name, least(name)])) as Bounds;
}

/**
 * What a task asks for, each checked against the bounds before anything is created; for the
 * rest the node's defaults, or the bounds where these are lower.
 *
 * @throws {InvalidTaskError} naming the limit and its bounds
 */
export function limitsOf(asked: ResourceLimits, defaults: Limits, bounds: Bounds): Limits {
  const limitOf = (name: LimitName): number | undefined => {
    const value = asked[name];
    if (value === undefined) return atMost(defaults[name], bounds[name]);
    check(name, value, bounds[name]);
    return value;
  };
  return Object.fromEntries(NAMES.map((name) => [name, limitOf(name)])) as unknown as Limits;
}

/** The limits that a task names, in its own words. */
export function namedIn(asked: ResourceLimits): readonly LimitName[] {
  return NAMES.filter((name) => asked[name] !== undefined);
}

const atMost = (value: number | undefined, bound: number | undefined): number | undefined =>
  value === undefined || bound === undefined ? (value ?? bound) : Math.min(value, bound);

function check(name: LimitName, value: number, bound: number | undefined): void {
  const least = LEAST[name] ?? 0;
  const most = bound ?? Number.MAX_SAFE_INTEGER;
  const isNumber = name === "cpus" ? Number.isFinite(value) : Number.isSafeInteger(value);
  // Written so that NaN, which compares as false, is refused.
  if (isNumber && value >= least && value <= most) return;
  const kind = name === "cpus" ? "" : "a whole number ";
  throw new InvalidTaskError(`limits.${name} must be ${kind}from ${least} to ${most}, which is what this node has to give, not ${value}.`);
}
