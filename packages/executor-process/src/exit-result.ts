import { StartFailedError } from "@coxswain/executor";
import type { TaskResult } from "@coxswain/executor";
import type { Exit } from "./shim.ts";

export type Ending = Omit<TaskResult, "startedAtMs" | "endedAtMs">;
/** Who ended the attempt from outside; the first one counts. */
export type Cause = "timeout" | "stop";

/** The one place where exits become results. */
export function endingOf(exit: Exit | undefined, cause: Cause | undefined, timeoutMs: number): Ending {
  const seen = {
    ...(exit?.code === null || exit === undefined ? {} : { exitCode: exit.code }),
    ...(exit?.signal ? { signal: exit.signal } : {}),
  };
  switch (cause) {
    case "timeout":
      return { ...seen, outcome: "timedOut", errorType: "TIMEOUT", errorMessage: `Not done after ${timeoutMs} ms.`, retryable: true };
    case "stop":
      return { ...seen, outcome: "stopped", errorType: "STOPPED", errorMessage: "Stopped on request.", retryable: false };
    case undefined:
      return { ...seen, ...ownEnding(exit) };
  }
}

function ownEnding(exit: Exit | undefined): Ending {
  if (exit?.signal) {
    return { outcome: "failed", errorType: "SIGNAL", errorMessage: `Killed by ${exit.signal}.`, retryable: true };
  }
  if (exit?.code === 0) return { outcome: "succeeded", retryable: false };
  return { outcome: "failed", errorType: "EXIT_CODE", errorMessage: `Exited with ${exit?.code}.`, retryable: true };
}

/** The kernel killed it for want of memory, whatever the exit looks like. */
export function endingOfMemory(exit: Exit, limitBytes: number): Ending {
  const seen = { ...(exit.code === null ? {} : { exitCode: exit.code }), ...(exit.signal ? { signal: exit.signal } : {}) };
  const errorMessage = `Killed: it needed more than its ${limitBytes} bytes of memory.`;
  return { ...seen, outcome: "failed", errorType: "OUT_OF_MEMORY", errorMessage, retryable: true };
}

/** The guard killed it: the attempt is lost with the lease, it did not fail. */
export function endingOfLease(exit: Exit): Ending {
  const seen = exit.signal ? { signal: exit.signal } : {};
  const errorMessage = "Ended by the guard: the node's lease ended.";
  return { ...seen, outcome: "lost", errorType: "LEASE_ENDED", errorMessage, retryable: true };
}

/** The payload never ran, because of `error`. */
export function endingOfStart(error: unknown): Ending {
  const errorMessage = error instanceof Error ? error.message : String(error);
  const known = error instanceof StartFailedError;
  // What we do not know may pass, such as a full process table or disk.
  return { outcome: "failed", errorType: known ? "START_FAILED" : "INTERNAL", errorMessage, retryable: !known };
}

/** The guard did not take the payload, so it never ran. */
export function endingOfGuard(error: unknown): Ending {
  const reason = error instanceof Error ? error.message : String(error);
  const errorMessage = `The guard did not take the attempt: ${reason}`;
  return { outcome: "lost", errorType: "GUARD_UNAVAILABLE", errorMessage, retryable: true };
}
