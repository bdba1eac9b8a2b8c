import type { ProcessGroupTarget } from "@coxswain/executor";

/** Above the largest number that Linux gives to a process: no group has it. */
const NO_GROUP = 2 ** 31 - 1;

/**
 * A container in the guard's words. It must be known before it has a process, so it is named by
 * its marker alone: the guard finds the container's init by its environment and kills it, and
 * the kernel ends the rest, whether the engine answers or not.
 */
export function guardTarget(marker: string): ProcessGroupTarget {
  return { kind: "process-group", pgid: NO_GROUP, startTime: `container ${marker}`, marker: `COX_RUN=${marker}` };
}
