import { constants } from "node:os";
import type { TaskResult } from "@coxswain/executor";
import { EngineUnfitError, ImageUnavailableError, messageOf, statusOf } from "./docker-errors.ts";

export type Ending = Omit<TaskResult, "startedAtMs" | "endedAtMs">;
/** Who ended the attempt from outside; the first one counts. */
export type Cause = "timeout" | "stop";

/** How a container ended, in the engine's words. */
export interface Exit {
  readonly code: number;
  /** The kernel killed something of it for want of memory. */
  readonly outOfMemory: boolean;
}

const SIGNALS = new Map(Object.entries(constants.signals).map(([name, number]) => [number, name]));
const SIGNAL_BASE = 128;
/** What the init process says when it cannot start the program; then the program never ran. */
const NEVER_RAN = /\[FATAL tini \(\d+\)\] (exec .* failed: .*)\s*$/;
const NEVER_RAN_CODES = new Set([126, 127]);
/** Refusals that the same task meets everywhere. */
const HOPELESS = /not a directory|no such file|executable file not found|permission denied|unable to find user|declares volumes|no command specified/i;

/** By the shell's convention, which the init process keeps: 128 and the signal's number. */
export function signalOf(code: number): string | undefined {
  return code > SIGNAL_BASE ? SIGNALS.get(code - SIGNAL_BASE) : undefined;
}

/** The one place where exits become results. */
export function endingOf(exit: Exit | undefined, cause: Cause | undefined, timeoutMs: number): Ending {
  const signal = exit && signalOf(exit.code);
  const seen = { ...(exit ? { exitCode: exit.code } : {}), ...(signal ? { signal } : {}) };
  switch (cause) {
    case "timeout":
      return { ...seen, outcome: "timedOut", errorType: "TIMEOUT", errorMessage: `Not done after ${timeoutMs} ms.`, retryable: true };
    case "stop":
      return { ...seen, outcome: "stopped", errorType: "STOPPED", errorMessage: "Stopped on request.", retryable: false };
    case undefined:
      return { ...seen, ...ownEnding(exit, signal) };
  }
}

function ownEnding(exit: Exit | undefined, signal: string | undefined): Ending {
  if (exit?.code === 0) return { outcome: "succeeded", retryable: false };
  if (exit?.outOfMemory) {
    const errorMessage = "Out of memory: the kernel ended it at its limit; raise limits.memoryBytes.";
    return { outcome: "failed", errorType: "OUT_OF_MEMORY", errorMessage, retryable: true };
  }
  if (signal) return { outcome: "failed", errorType: "SIGNAL", errorMessage: `Killed by ${signal}.`, retryable: true };
  return { outcome: "failed", errorType: "EXIT_CODE", errorMessage: `Exited with ${exit?.code}.`, retryable: true };
}

/** What the init process said if the program is missing or no program. */
export function neverRan({ code }: Exit, output: string): string | undefined {
  return NEVER_RAN_CODES.has(code) ? NEVER_RAN.exec(output)?.[1] : undefined;
}

export function endingOfMissing(said: string): Ending {
  return { outcome: "failed", errorType: "START_FAILED", errorMessage: `The image has no such program: ${said}.`, retryable: false };
}

/** The guard killed it: the attempt is lost with the lease, it did not fail. */
export function endingOfLease(): Ending {
  const errorMessage = "Ended by the guard: the node's lease ended.";
  return { signal: "SIGKILL", outcome: "lost", errorType: "LEASE_ENDED", errorMessage, retryable: true };
}

/** The guard did not take the payload, so it never ran. */
export function endingOfGuard(error: unknown): Ending {
  const errorMessage = `The guard did not take the attempt: ${messageOf(error)}`;
  return { outcome: "lost", errorType: "GUARD_UNAVAILABLE", errorMessage, retryable: true };
}

/** The engine went away, or came back without the container. */
export function endingOfEngine(error: unknown): Ending {
  const errorMessage = `The Docker engine failed the attempt: ${messageOf(error)}`;
  return { outcome: "failed", errorType: "ENGINE", errorMessage, retryable: true };
}

/** The container could not be made or started, because of `error`. */
export function endingOfStart(error: unknown): Ending {
  const errorMessage = messageOf(error);
  if (error instanceof ImageUnavailableError) return { outcome: "failed", errorType: "IMAGE", errorMessage, retryable: true };
  if (error instanceof EngineUnfitError) return { outcome: "failed", errorType: "ISOLATION_MISSING", errorMessage, retryable: true };
  const status = statusOf(error);
  if (status === undefined) return { outcome: "failed", errorType: "INTERNAL", errorMessage, retryable: true };
  const hopeless = status === 400 || HOPELESS.test(errorMessage);
  return hopeless ? { outcome: "failed", errorType: "START_FAILED", errorMessage, retryable: false } : endingOfEngine(error);
}
