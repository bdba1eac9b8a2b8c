import type { ResourceLimits } from "@coxswain/protocol";
import { CoxswainClientError } from "./errors.ts";

/**
 * What one attempt may use at most. What is absent is what the node gives to every task. A node refuses what is
 * above its own bounds, and what it cannot hold the task to.
 */
export interface LimitsSpec {
  /** Memory, with what is written to `/tmp`. */
  readonly memoryBytes?: number;
  /** Swap, beside memory; 0 means none. */
  readonly swapBytes?: number;
  /** Share of the processors' time: 0.5 is half of one. */
  readonly cpus?: number;
  /** Processes and threads at once. */
  readonly pids?: number;
  /** From and to each block device, each way. */
  readonly ioBytesPerSecond?: number;
  /** Size of `/tmp`. */
  readonly tmpfsBytes?: number;
  /** Open files of one process. */
  readonly openFiles?: number;
}

/**
 * Refuses what cannot even be written on the wire; the cluster checks the rest.
 *
 * @throws CoxswainClientError
 */
export function toLimits(limits: LimitsSpec): ResourceLimits {
  for (const [name, value] of Object.entries(limits) as [keyof LimitsSpec, number | undefined][]) {
    if (value === undefined || (name === "cpus" ? value > 0 : Number.isSafeInteger(value) && value >= 0))
      continue;
    const wanted = name === "cpus" ? "a number above 0" : "a whole number from 0 up";
    throw new CoxswainClientError(
      "INVALID_REQUEST",
      "invalid",
      `limits.${name} must be ${wanted}, not ${String(value)}.`,
    );
  }
  return { ...limits };
}
