/**
 * What one attempt may use. What is not named is what the node gives to every task. An executor refuses a task that
 * names a limit which it cannot hold; it passes over none.
 */
export interface ResourceLimits {
  /** Of memory, tmpfs included. */
  readonly memoryBytes?: number | undefined;
  /** Of swap, beside memory; may be 0. */
  readonly swapBytes?: number | undefined;
  /** Share of the processors' time: 0.5 is half of one. */
  readonly cpus?: number | undefined;
  /** Processes and threads at once. */
  readonly pids?: number | undefined;
  /** From and to each block device, each way. Unlimited unless named. */
  readonly ioBytesPerSecond?: number | undefined;
  /** Size of `/tmp`. */
  readonly tmpfsBytes?: number | undefined;
  /** Open files of one process. */
  readonly openFiles?: number | undefined;
}

/** A Linux process. Exactly one of `shell` and `argv` is set; empty counts as unset. */
export interface ProcessTask {
  readonly kind: "process";
  /** Run by `/bin/sh -c`. */
  readonly shell?: string;
  /** Program and arguments, taken literally. */
  readonly argv?: readonly string[];
  /** Added to PATH and the `COX_` variables; nothing is inherited from the node. */
  readonly env?: Readonly<Record<string, string>>;
  /** Absolute path. Default: a private directory, removed after the attempt. */
  readonly workingDirectory?: string;
  /** Within the node's bounds. */
  readonly limits?: ResourceLimits | undefined;
}

/** One HTTP request; 2xx is success. */
export interface WebhookTask {
  readonly kind: "webhook";
  /** `http:` or `https:`. */
  readonly url: string;
  /** Default POST. */
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly payload?: Uint8Array;
}

/** One container. Exactly one of `shell` and `argv` is set; both empty means the image's own command. */
export interface DockerTask {
  readonly kind: "docker";
  /** Empty means the node's default. */
  readonly image: string;
  readonly shell?: string;
  readonly argv?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly workingDirectory?: string;
  readonly limits?: ResourceLimits | undefined;
}

/** What to run. The fields mirror `Task` of the job store. */
export type Task = ProcessTask | WebhookTask | DockerTask;

/** One attempt's work order. */
export interface TaskSpec {
  readonly task: Task;
  /** Limit of the attempt, counted from its start. Positive. */
  readonly timeoutMs: number;
}
