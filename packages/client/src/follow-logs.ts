import { JobRequest, type JobLogsResponse } from "@coxswain/protocol";
import { type BackoffSettings, backoffMs, pause } from "./backoff.ts";
import { CoxswainClientError, clientError, gaveUp, isRetryable } from "./errors.ts";
import { type LogRecord, toLogRecord } from "./log-records.ts";

export interface LogOptions {
  /** Wait for more until the job has ended. Default true; false ends with what there is now. */
  readonly follow?: boolean;
  /** Begin at this offset of the attempt's output. Default: the start of what is kept. */
  readonly offset?: number;
  /** Instead: begin so many bytes before its present end. */
  readonly tailBytes?: number;
  /** Default: the newest. */
  readonly executionId?: string;
  /** Default: the newest. */
  readonly attempt?: number;
  /** How long to go on without any server that answers. Default: the client's time for a call. */
  readonly timeoutMs?: number;
  /** Ends it with LOGS_ABORTED. */
  readonly signal?: AbortSignal;
}

/** What the following needs of the client. */
export interface LogFollowing {
  /** One stream, at whichever server is current. */
  readonly open: (request: JobRequest) => AsyncIterable<JobLogsResponse>;
  readonly timeoutMs: number;
  readonly backoff: BackoffSettings;
  /** Aborts when the caller gives up or the client is closed. */
  readonly signal: AbortSignal;
  /** What to fail with then. */
  readonly aborted: () => CoxswainClientError;
}

/** A stream that stood for so long was served, though a job that had nothing to say sent nothing: no server takes so long to refuse. */
const servedMs = 60_000;

/**
 * One stream after the other, each from where the last one broke: every byte once, wherever it comes from.
 *
 * @throws CoxswainClientError when no server answers within the time, or for good
 */
export async function* followLogs(
  jobId: string,
  { follow = true, ...options }: LogOptions,
  { open, timeoutMs, backoff, signal, aborted }: LogFollowing,
): AsyncGenerator<LogRecord, void, undefined> {
  let request = firstRequest(jobId, options, follow);
  let failures = 0;
  let failingSinceMs = 0;
  for (;;) {
    const openedAtMs = Date.now();
    try {
      if (signal.aborted) throw aborted();
      for await (const message of open(request)) {
        request = requestAfter(request, message);
        const record = toLogRecord(message);
        if (record === undefined) continue;
        failures = 0;
        yield record;
        if (record.kind === "exit") return;
      }
      if (!follow) return;
      throw new CoxswainClientError(
        "LOGS_CUT",
        "unavailable",
        "The server ended the logs before the job's end.",
      );
    } catch (error) {
      if (signal.aborted) throw aborted();
      if (!isRetryable(error)) throw clientError(error);
      if (Date.now() - openedAtMs >= servedMs) failures = 0;
      failures += 1;
      if (failures === 1) failingSinceMs = Date.now();
      const waitMs = backoffMs(failures, backoff);
      if (Date.now() + waitMs >= failingSinceMs + timeoutMs) throw gaveUp(error, failures, false);
      await pause(waitMs, signal);
    }
  }
}

function firstRequest(jobId: string, options: LogOptions, follow: boolean): JobRequest {
  const { offset, tailBytes, executionId = "", attempt = 0 } = options;
  return JobRequest.fromPartial({
    id: jobId,
    executionId,
    attempt,
    noFollow: !follow,
    ...(offset === undefined ? {} : { offset }),
    ...(tailBytes === undefined ? {} : { tailBytes }),
  });
}

/** Goes on behind what came. */
function requestAfter(request: JobRequest, message: JobLogsResponse): JobRequest {
  const { executionId, attempt, offset, gapBytes, log } = message;
  return { ...request, executionId, attempt, offset: offset + gapBytes + log.length, tailBytes: undefined };
}

export function logsAborted(jobId: string): CoxswainClientError {
  const message = `Following ${jobId} was given up; the job goes on.`;
  return new CoxswainClientError("LOGS_ABORTED", "unavailable", message);
}
