import { cpus, totalmem } from "node:os";

/** What one container may use. */
export interface ContainerLimits {
  /** Memory, swap included: there is none beyond it. At least 6 MiB. */
  readonly memoryBytes: number;
  /** Share of the processors' time: 0.5 is half of one. At least 0.01. */
  readonly cpus: number;
  /** Processes and threads. */
  readonly pids: number;
  /** Size of `/tmp`, the one writable directory. Counts as memory. */
  readonly tmpfsBytes: number;
  /** Open files of one process. */
  readonly openFiles: number;
}

/** `missing`: pull what the engine does not have. `always`: ask the registry each time. `never`: local images only. */
export type PullPolicy = "missing" | "always" | "never";

/** How a {@link DockerExecutor} runs its tasks. */
export interface DockerExecutorOptions {
  /** The engine's unix socket. Default `/var/run/docker.sock`. */
  readonly socketPath?: string;
  /**
   * Whose containers these are; nodes that share an engine need different ones, and a node
   * the same one at each start. Default `coxswain`.
   */
  readonly scope?: string;
  /** The image of tasks that name none. Default `alpine:latest`. */
  readonly image?: string;
  /** Images that tasks may name; `*` at the end stands for anything. Default: `image` only. */
  readonly images?: "all" | readonly string[];
  /** Default `missing`. */
  readonly pullPolicy?: PullPolicy;
  /** Limit of one pull. Default 120,000. */
  readonly pullTimeoutMs?: number;
  /** Limits of tasks that name none. Defaults: see {@link dockerDefaults}. */
  readonly limits?: Partial<ContainerLimits>;
  /** What tasks may ask for at most. Default: the machine's memory (also for tmpfs) and processors, 4,096 pids, 65,536 open files. */
  readonly maxLimits?: Partial<ContainerLimits>;
  /** `uid:gid` of every container. Default `65534:65534`. */
  readonly user?: string;
  /** Bytes of output kept for each attempt. Default 1 MiB. */
  readonly outputCapacityBytes?: number;
  /** From SIGTERM to SIGKILL when an attempt is over its limit. Default 5,000. */
  readonly timeoutGraceMs?: number;
  /** How long output may be silent after the exit before it is given up. Default 1,000. */
  readonly drainMs?: number;
  /** Limit of one request to the engine, waits and pulls apart. Default 60,000. */
  readonly engineTimeoutMs?: number;
  /** How long a vanished engine is waited for before an attempt that is known to be dead is given up. Default 10,000. */
  readonly engineLossMs?: number;
  /** How often containers that belong to no attempt any more are looked for, from `reap` on. Default 30,000. */
  readonly reconcileMs?: number;
  /** How old a container has to be before it can be such a one. Default 10,000. */
  readonly orphanGraceMs?: number;
}

export type DockerSettings = Required<Omit<DockerExecutorOptions, "limits" | "maxLimits">> & {
  readonly limits: ContainerLimits;
  readonly maxLimits: ContainerLimits;
};

const MIB = 1024 * 1024;

/** What a task gets where neither it nor the node says otherwise; the limit of time is for callers to pass on. */
export const dockerDefaults: ContainerLimits & { readonly image: string; readonly timeoutMs: number } = {
  image: "alpine:latest",
  timeoutMs: 30_000,
  memoryBytes: 256 * MIB,
  cpus: 0.5,
  pids: 128,
  tmpfsBytes: 64 * MIB,
  openFiles: 1_024,
};

export function settingsOf(options: DockerExecutorOptions): DockerSettings {
  const { image, timeoutMs: _, ...defaults } = dockerDefaults;
  const host = { memoryBytes: totalmem(), cpus: cpus().length, pids: 4_096, tmpfsBytes: totalmem(), openFiles: 65_536 };
  const maxLimits = { ...host, ...options.maxLimits };
  return {
    socketPath: "/var/run/docker.sock",
    scope: "coxswain",
    image,
    images: [options.image ?? image],
    pullPolicy: "missing",
    pullTimeoutMs: 120_000,
    user: "65534:65534",
    outputCapacityBytes: MIB,
    timeoutGraceMs: 5_000,
    drainMs: 1_000,
    engineTimeoutMs: 60_000,
    engineLossMs: 10_000,
    reconcileMs: 30_000,
    orphanGraceMs: 10_000,
    ...options,
    limits: { ...lowered(defaults, maxLimits), ...options.limits },
    maxLimits,
  };
}

/** The defaults are no more than what a task may ask for. */
function lowered(defaults: ContainerLimits, most: ContainerLimits): ContainerLimits {
  const names = Object.keys(defaults) as (keyof ContainerLimits)[];
  return Object.fromEntries(names.map((name) => [name, Math.min(defaults[name], most[name])])) as unknown as ContainerLimits;
}
