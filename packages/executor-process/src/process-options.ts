import { DEFAULT_LIMITS } from "./limits.ts";
import type { Bounds, Limits } from "./limits.ts";
import type { SandboxTool } from "./sandbox/sandbox.ts";

/** How a {@link ProcessExecutor} runs its tasks. */
export interface ProcessExecutorOptions {
  /**
   * A directory of this executor's own, on a local disk; made if missing, with mode 0700.
   * Holds one small record and one working directory for each running attempt.
   */
  readonly stateDirectory: string;
  /** Bytes of output kept for each attempt. Default 1 MiB. */
  readonly outputCapacityBytes?: number;
  /** PATH of tasks that name none. Default `/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`. */
  readonly path?: string;
  /** From SIGTERM to SIGKILL when an attempt is over its limit. Default 5,000. */
  readonly timeoutGraceMs?: number;
  /**
   * How long after the program's exit its descendants may go on writing before they are
   * killed. Default 250.
   */
  readonly drainMs?: number;
  /**
   * Runs tasks also where this machine has no sandbox or no limits for them, with what there
   * is; `available()` says what is missing. Default false: such tasks are refused. A task that
   * itself names a limit which cannot be held is refused in any case.
   */
  readonly allowUnlimitedProcesses?: boolean;
  /** `none` leaves out sandbox and limits although the machine has them; they then count as missing. Default `full`. */
  readonly isolation?: "full" | "none";
  /**
   * What a task gets that names no limits. Default 256 MiB, no swap, 0.5 CPUs, 256 processes, a
   * `/tmp` of 64 MiB, 1,024 open files, and disks unlimited; less where the bounds are lower.
   */
  readonly limits?: Partial<Limits>;
  /** What tasks may ask for at most. Default: what the machine has, and disks unlimited. */
  readonly maxLimits?: Partial<Bounds>;
  /** The cgroup (v2) that holds those of the attempts; made if missing. Default `coxswain` in the mounted root. */
  readonly cgroupDirectory?: string;
  /** What makes the sandbox: the first that works. Default bubblewrap, else util-linux: `["bwrap", "unshare"]`. */
  readonly sandboxTools?: readonly SandboxTool[];
  /** What sandboxed tasks see besides the system's programs and libraries. Default nothing. */
  readonly readOnlyPaths?: readonly string[];
}

export type ProcessSettings = Required<Omit<ProcessExecutorOptions, "limits" | "cgroupDirectory">> & {
  readonly limits: Limits;
  readonly cgroupDirectory: string | undefined;
};

export function settingsOf(options: ProcessExecutorOptions): ProcessSettings {
  return {
    outputCapacityBytes: 1024 * 1024,
    path: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    timeoutGraceMs: 5_000,
    drainMs: 250,
    allowUnlimitedProcesses: false,
    isolation: "full",
    cgroupDirectory: undefined,
    sandboxTools: ["bwrap", "unshare"],
    readOnlyPaths: [],
    maxLimits: {},
    ...options,
    limits: { ...DEFAULT_LIMITS, ...options.limits },
  };
}
