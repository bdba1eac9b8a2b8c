/**
 * From how a task ended here to the record that is replicated.
 */
import type { OutputBuffer, TaskOutcome, TaskResult } from "@coxswain/executor";
import { AttemptOutcome } from "@coxswain/state-machine";
import type { AssignedAttempt, AttemptReport } from "./contracts.ts";

/** Longest error message that travels with a result, in UTF-16 units. */
const MAX_MESSAGE_LENGTH = 2_048;

const OUTCOMES: Readonly<Record<TaskOutcome, AttemptOutcome>> = {
  succeeded: AttemptOutcome.SUCCEEDED,
  failed: AttemptOutcome.FAILED,
  timedOut: AttemptOutcome.TIMED_OUT,
  stopped: AttemptOutcome.STOPPED,
  lost: AttemptOutcome.LOST,
};

export function attemptReport(
  assigned: AssignedAttempt,
  result: TaskResult,
  output: OutputBuffer | undefined,
  outputTailBytes: number,
): AttemptReport {
  return {
    executionId: assigned.executionId,
    attempt: assigned.attempt,
    nodeId: assigned.nodeId,
    nodeIncarnation: assigned.nodeIncarnation,
    startedAtMs: result.startedAtMs,
    endedAtMs: result.endedAtMs,
    result: {
      outcome: OUTCOMES[result.outcome],
      exitCode: result.exitCode,
      signal: result.signal ?? "",
      errorType: result.errorType ?? "",
      errorMessage: (result.errorMessage ?? "").slice(0, MAX_MESSAGE_LENGTH),
      outputTail: output === undefined || outputTailBytes === 0 ? new Uint8Array() : output.tail(outputTailBytes),
      outputBytes: output?.totalBytes ?? 0,
      httpStatus: result.httpStatus,
      retryable: result.retryable,
    },
  };
}

/** A result for an attempt that this node gives up: another attempt takes its place, elsewhere or here. */
export function lostResult(errorMessage: string, startedAtMs: number, nowMs: number): TaskResult {
  return { outcome: "lost", errorMessage, retryable: true, startedAtMs, endedAtMs: nowMs };
}
