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
}

export type ProcessSettings = Required<ProcessExecutorOptions>;

export function settingsOf(options: ProcessExecutorOptions): ProcessSettings {
  return {
    outputCapacityBytes: 1024 * 1024,
    path: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    timeoutGraceMs: 5_000,
    drainMs: 250,
    ...options,
  };
}
