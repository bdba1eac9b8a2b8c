/**
 * The output of one attempt as its readers see it, be the attempt running, just finished, or spooled.
 */
import type { OutputPiece, OutputReaderOptions, TaskResult } from "@coxswain/executor";

/** Where a tail begins: told before there is anything to read, so that its reader can go on there. */
export interface BeginRecord {
  readonly kind: "begin";
  readonly offset: number;
}

/** The last of an attempt's output: how it ended. */
export interface ExitRecord extends Pick<TaskResult, "outcome" | "exitCode" | "signal" | "errorType"> {
  readonly kind: "exit";
  /** Bytes written in all. */
  readonly offset: number;
}

export type OutputRecord = BeginRecord | OutputPiece | ExitRecord;

/** Where a reader begins, and whether it waits. */
export interface AttemptReaderOptions extends OutputReaderOptions {
  /** End with what is there when the reading begins instead of waiting for more; with the exit record where there is one. Default false. */
  readonly noFollow?: boolean;
}

/** Offsets are the same wherever the bytes come from, so that a reader can resume elsewhere. */
export interface AttemptOutput {
  /**
   * Where a tail begins, if one is asked for; chunks and gaps in order, then the exit record. Nothing is held before the
   * first `next`. Leave by `break` or by the signal; the iteration rejects with the signal's reason.
   */
  reader(options?: AttemptReaderOptions): AsyncGenerator<OutputRecord, void, undefined>;
}

export function exitRecord(result: TaskResult, totalBytes: number): ExitRecord {
  const { outcome, exitCode, signal, errorType } = result;
  return {
    kind: "exit",
    offset: totalBytes,
    outcome,
    ...(exitCode === undefined ? {} : { exitCode }),
    ...(signal === undefined ? {} : { signal }),
    ...(errorType === undefined ? {} : { errorType }),
  };
}
