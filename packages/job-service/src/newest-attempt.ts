import type { Attempt, Execution } from "@coxswain/protocol";

/** The attempt that an execution is at, or ended with. */
export function newestAttempt(execution: Execution | undefined): Attempt | undefined {
  return execution?.attempts.at(-1);
}
