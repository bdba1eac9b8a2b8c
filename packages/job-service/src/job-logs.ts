/** A job's output as it comes, from whichever node holds it, to the record of its end. */
import { OutputStream } from "@coxswain/protocol";
import type { Execution, Job, JobExit, JobLogsResponse, JobRequest } from "@coxswain/protocol";
import { AttemptLog } from "./attempt-log.ts";
import type { LogPosition } from "./attempt-log.ts";
import { requireOwner, requireUser } from "./authorize.ts";
import type { CallerIdentity, CallOptions, StreamOptions } from "./contracts.ts";
import { JobNotFoundError } from "./errors.ts";
import { exitOfExecution, exitOfJob, isOver } from "./job-exit.ts";
import { JobWatch } from "./job-watch.ts";
import type { JobFollower } from "./job-watch.ts";
import type { ListingCalls } from "./listings.ts";
import { ExecutionNotFoundError, LogsClosedError, NodeLagsError } from "./log-errors.ts";
import type { ServiceParts } from "./service-parts.ts";
import { StreamSlots } from "./stream-slots.ts";

/** One who reads, on the way. */
interface Reading {
  readonly caller: CallerIdentity;
  readonly request: JobRequest;
  readonly follower: JobFollower;
  readonly signal: AbortSignal;
}

export class LogCalls {
  readonly #parts: ServiceParts;
  readonly #lists: Pick<ListingCalls, "listExecutions">;
  readonly #watch: JobWatch;
  readonly #slots: StreamSlots;
  readonly #open = new Set<AbortController>();
  #closed = false;

  constructor(parts: ServiceParts, lists: Pick<ListingCalls, "listExecutions">) {
    this.#parts = parts;
    this.#lists = lists;
    this.#watch = new JobWatch(parts.store, parts.clock);
    const { maxLogStreams: total, maxLogStreamsPerCaller: perCaller } = parts.settings;
    this.#slots = new StreamSlots({ total, perCaller });
  }

  async *logs(
    caller: CallerIdentity,
    given: JobRequest,
    options: CallOptions & StreamOptions,
  ): AsyncGenerator<JobLogsResponse, void, undefined> {
    requireUser(caller, "Logs");
    const request = this.#parts.validator.logs(given);
    if (this.#closed) throw new LogsClosedError();
    const release = this.#slots.take(caller.name);
    const follower = this.#watch.follow(request.id);
    const stream = new AbortController();
    const leave = (): void => {
      stream.abort(options.signal.reason);
    };
    options.signal.addEventListener("abort", leave);
    this.#open.add(stream);
    try {
      options.signal.throwIfAborted();
      yield* this.#follow({ caller, request, follower, signal: stream.signal }, options);
    } finally {
      this.#open.delete(stream);
      options.signal.removeEventListener("abort", leave);
      follower.close();
      release();
    }
  }

  /** Ends all streams, so that their readers go on at other nodes. May be called twice. */
  close(): void {
    this.#closed = true;
    for (const stream of this.#open) stream.abort(new LogsClosedError());
  }

  async *#follow(
    reading: Reading,
    { deadlineMs }: CallOptions,
  ): AsyncGenerator<JobLogsResponse, void, undefined> {
    const { caller, request } = reading;
    // The leader knows every job that was acknowledged and whose it is; it says which execution is the newest.
    const ask = { jobId: request.id, pageSize: 1, pageToken: "", stale: false };
    const patience = deadlineMs === undefined ? {} : { deadlineMs };
    const { executions } = await this.#lists.listExecutions(caller, ask, patience);
    const known = await this.#untilKnown(reading, executions[0]?.id);
    const hasBegun = request.executionId !== "" || known.latestExecutionId !== "";
    if (!hasBegun) yield placeMessage("", Math.max(1, request.attempt), request.offset ?? 0);
    const execution = await this.#executionMeant(reading, known);
    if (execution !== undefined) yield* this.#execution(reading, execution, hasBegun);
    else if (!request.noFollow) yield exitMessage(exitOfJob(await this.#job(reading)), "", 0);
  }

  /** Waits until this node's own state has what the leader's had. */
  async #untilKnown(
    { caller, request, follower, signal }: Reading,
    executionId: string | undefined,
  ): Promise<Job> {
    const { clock, settings, store } = this.#parts;
    const endsAtMs = clock.now() + settings.commitWaitMs;
    for (;;) {
      const job = await store.job(request.id);
      if (
        job !== undefined &&
        (executionId === undefined || (await store.execution(executionId)) !== undefined)
      ) {
        requireOwner(caller, job);
        return job;
      }
      const timeoutMs = endsAtMs - clock.now();
      if (timeoutMs <= 0) throw new NodeLagsError();
      await follower.changed({ signal, timeoutMs });
    }
  }

  /** The one named, or the newest; waits for the first. Undefined when there is none, and none to wait for. */
  async #executionMeant(reading: Reading, { id, incarnation, owner }: Job): Promise<Execution | undefined> {
    const { follower, request, signal } = reading;
    for (;;) {
      const job = await this.#job(reading);
      const executionId = request.executionId === "" ? job.latestExecutionId : request.executionId;
      if (executionId !== "") {
        const execution = await this.#parts.store.execution(executionId);
        // Of an earlier job of the same id, which may have been anybody's: none of this job's.
        const isOwn =
          execution?.jobId === id && execution.jobIncarnation === incarnation && execution.owner === owner;
        if (!isOwn) throw new ExecutionNotFoundError(executionId);
        return execution;
      }
      if (request.noFollow || isOver(job.status) || job.finishedAtMs > 0) return undefined;
      await follower.changed({ signal });
    }
  }

  /**
   * Attempt after attempt, and how it ended. The first message says where they begin, for going on there after a break.
   * @param hasBegun whether there was any execution when the caller asked
   */
  async *#execution(
    reading: Reading,
    meant: Execution,
    hasBegun: boolean,
  ): AsyncGenerator<JobLogsResponse, void, undefined> {
    const { request, follower, signal } = reading;
    const { id: executionId, jobId } = meant;
    const newest = hasBegun ? Math.max(1, meant.attempts.length) : 1;
    let number = request.attempt === 0 ? newest : request.attempt;
    let from = beginning(request, hasBegun && number <= meant.attempts.length);
    if ("offset" in from) yield placeMessage(executionId, number, from.offset);
    for (;;) {
      const execution = await this.#parts.store.execution(executionId);
      if (execution === undefined) throw new JobNotFoundError(jobId);
      if (execution.attempts.length >= number) {
        const log = new AttemptLog(
          { ...this.#parts, follower, signal },
          { jobId, executionId, number, from, noFollow: request.noFollow },
        );
        if (!(yield* log.messages())) return;
        number++;
        from = { offset: 0 };
      } else if (isOver(execution.status)) {
        const exit = exitOfExecution(execution);
        yield exitMessage(exit, executionId, execution.attempts.length);
        return;
      } else {
        if (request.noFollow) return;
        await follower.changed({ signal });
      }
    }
  }

  async #job({ caller, request }: Reading): Promise<Job> {
    const job = await this.#parts.store.job(request.id);
    if (job === undefined) throw new JobNotFoundError(request.id);
    requireOwner(caller, job);
    return job;
  }
}

/** What has not begun when it is asked for has no end to count a tail from: all of it comes later. */
function beginning({ offset, tailBytes }: JobRequest, hasBegun: boolean): LogPosition {
  return tailBytes === undefined || !hasBegun ? { offset: offset ?? 0 } : { tailBytes };
}

function exitMessage(exit: JobExit, executionId: string, attempt: number): JobLogsResponse {
  return { ...placeMessage(executionId, attempt, exit.outputBytes), exit };
}

function placeMessage(executionId: string, attempt: number, offset: number): JobLogsResponse {
  return {
    log: new Uint8Array(),
    stream: OutputStream.UNSPECIFIED,
    offset,
    executionId,
    attempt,
    gapBytes: 0,
    exit: undefined,
    restLost: false,
  };
}
