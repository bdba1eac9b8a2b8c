import { type JobExit, type JobLogsResponse, OutputStream } from "@coxswain/protocol";
import { type Status, toStatus } from "./job-views.ts";

/** Where a record stands: which attempt's output, and where in it. Offsets count stdout and stderr together, from 0. */
interface LogPlace {
  readonly executionId: string;
  readonly attempt: number;
}

/** What following a job brings, in order. */
export type LogRecord = LogOutput | LogGap | LogExit;

/** Bytes as the job wrote them. */
export interface LogOutput extends LogPlace {
  readonly kind: "output";
  readonly offset: number;
  /** Undefined where only the replicated end of the output is left, which does not tell the two apart. */
  readonly stream: "stdout" | "stderr" | undefined;
  readonly bytes: Uint8Array;
}

/** Bytes that are not to be had any more: written over before they were read, or gone with their node. */
export interface LogGap extends LogPlace {
  readonly kind: "gap";
  readonly from: number;
  /** Undefined when the node was lost and nobody knows how much it had. */
  readonly to: number | undefined;
}

/** How the execution ended; the last record. */
export interface LogExit extends LogPlace {
  readonly kind: "exit";
  readonly status: Status;
  readonly exitCode: number | undefined;
  /** Such as SIGKILL. Empty: none. */
  readonly signal: string;
  /** A stable word such as EXIT_CODE or OUT_OF_MEMORY. Empty on success. */
  readonly errorType: string;
  readonly error: string;
  /** Bytes written in all by the last attempt. */
  readonly outputBytes: number;
  readonly endedAtMs: number;
  readonly nodeId: number | undefined;
}

/** Undefined for a message that only says where the output begins. */
export function toLogRecord(message: JobLogsResponse): LogRecord | undefined {
  const { executionId, attempt, offset, gapBytes, log, exit, restLost } = message;
  const place = { executionId, attempt };
  if (exit !== undefined) return { kind: "exit", ...place, ...toExit(exit) };
  if (restLost) return { kind: "gap", ...place, from: offset, to: undefined };
  if (gapBytes > 0) return { kind: "gap", ...place, from: offset, to: offset + gapBytes };
  if (log.length === 0) return undefined;
  return { kind: "output", ...place, offset, stream: streamName(message.stream), bytes: log };
}

function toExit({ status, exitCode, nodeId, ...rest }: JobExit): Omit<LogExit, "kind" | keyof LogPlace> {
  const { signal, errorType, error, outputBytes, endedAtMs } = rest;
  return {
    status: toStatus(status),
    exitCode,
    signal,
    errorType,
    error,
    outputBytes,
    endedAtMs,
    nodeId: nodeId === 0 ? undefined : nodeId,
  };
}

function streamName(stream: OutputStream): LogOutput["stream"] {
  if (stream === OutputStream.STDOUT) return "stdout";
  return stream === OutputStream.STDERR ? "stderr" : undefined;
}
