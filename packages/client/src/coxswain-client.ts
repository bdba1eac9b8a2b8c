import { setMaxListeners } from "node:events";
import type { MethodDefinition } from "@grpc/grpc-js";
import {
  ClusterServiceService as cluster,
  type GetClusterStatusResponse,
  type GetRaftLogEntriesResponse,
  JobRequest,
  type JobResponse,
  JobWorkerService as worker,
  ListJobsRequest,
  SchedulerServiceService as scheduler,
  type SubmitJobRequest,
} from "@coxswain/protocol";
import { v4 as uuidV4, v7 as uuidV7 } from "uuid";
import type {
  CallOptions,
  ExecutionPage,
  JobPage,
  ListFilter,
  ListOptions,
  ReadOptions,
  SubmitOutcome,
  Submitted,
  WaitOptions,
} from "./call-types.ts";
import { type ClientOptions, credentialsOf } from "./client-options.ts";
import { Connections } from "./connections.ts";
import { CoxswainClientError, clientClosed, clientError } from "./errors.ts";
import { type LogOptions, followLogs, logsAborted } from "./follow-logs.ts";
import { type JobSpec, toSubmitRequest } from "./job-spec.ts";
import {
  type JobListItem,
  type JobStatus,
  type Status,
  fromStatus,
  toExecutionView,
  toJobStatus,
  toListItem,
  toStatus,
} from "./job-views.ts";
import { linkedSignal } from "./linked-signal.ts";
import type { LogRecord } from "./log-records.ts";
import { retry } from "./retry.ts";
import { ServerList } from "./server-list.ts";
import { type JobAnswer, type StartSpec, toStartRequest } from "./start-spec.ts";
import { streamFailure } from "./stream-messages.ts";
import { SubmitPipeline } from "./submit-pipeline.ts";
import { untilOver } from "./wait-for-job.ts";

const submitWindow = 4_096;

/**
 * A cluster, as its users see it. Finds a server that answers, repeats what is safe to repeat, with the same ids,
 * and reports every failure as a CoxswainClientError. Hold one and share it; `close()` it at the end.
 */
export class CoxswainClient {
  readonly #options: ClientOptions;
  readonly #connections: Connections;
  readonly #pipeline: SubmitPipeline;
  readonly #closing = new AbortController();
  #streamsSubmits = true;

  private constructor(options: ClientOptions) {
    this.#options = options;
    // One listener for each call under way; their number has its own limits.
    setMaxListeners(0, this.#closing.signal);
    const { all } = new ServerList(options.servers);
    this.#connections = new Connections(all, credentialsOf(options, all), options.name ?? "coxswain-client");
    this.#pipeline = new SubmitPipeline(this.#connections, {
      backoff: options.backoff ?? {},
      maxPending: options.maxPendingSubmits ?? 50_000,
      maxBatchesInFlight: 4,
      answerTimeoutMs: this.#attemptTimeoutMs,
    });
  }

  /**
   * A client for the cluster behind `servers`. Connections are made when first needed.
   *
   * @throws CoxswainClientError for bad addresses or TLS files
   */
  static connect(options: ClientOptions): CoxswainClient {
    return new CoxswainClient(options);
  }

  /**
   * Submits a job; resolves once the cluster has it for good.
   *
   * @throws CoxswainClientError: after `unknown-outcome` submit again with the same id
   */
  async submit(spec: JobSpec, options: CallOptions = {}): Promise<Submitted> {
    const request = toSubmitRequest(spec, spec.id ?? uuidV7());
    if (!this.#streamsSubmits) return await this.#submitUnary(request, options);
    try {
      return await this.#pipeline.submit(request, this.#deadline(options));
    } catch (error) {
      const failure = clientError(error);
      if (failure.code !== "UNIMPLEMENTED") throw failure;
      // Something between us and the node does not carry bidirectional streams.
      this.#streamsSubmits = false;
      return await this.#submitUnary(request, options);
    }
  }

  /** Submits many, some thousands at a time; one outcome for each, in order. */
  async submitMany(specs: readonly JobSpec[], options: CallOptions = {}): Promise<SubmitOutcome[]> {
    const outcomes: SubmitOutcome[] = [];
    for (let from = 0; from < specs.length; from += submitWindow) {
      const window = specs.slice(from, from + submitWindow).map(async (spec): Promise<SubmitOutcome> => {
        try {
          return { ok: true, job: await this.submit(spec, options) };
        } catch (error) {
          return { ok: false, error: clientError(error) };
        }
      });
      outcomes.push(...(await Promise.all(window)));
    }
    return outcomes;
  }

  async status(jobId: string, options: ReadOptions = {}): Promise<JobStatus> {
    const request = { jobId, stale: options.stale ?? false };
    return toJobStatus(await this.#call(scheduler.getJobStatus, request, options));
  }

  /** One page. */
  async list(options: ListOptions = {}): Promise<JobPage> {
    const request = ListJobsRequest.fromPartial({
      pageSize: options.pageSize ?? 0,
      pageToken: options.pageToken ?? "",
      statusFilter: fromStatus(options.status),
      workerIdFilter: options.workerId ?? 0,
      commandFilter: options.command ?? "",
      createdAfterMs: options.createdAfterMs ?? 0,
      createdBeforeMs: options.createdBeforeMs ?? 0,
      stale: options.stale ?? false,
      ownerFilter: options.owner ?? "",
    });
    const { jobs, nextPageToken, totalCount } = await this.#call(scheduler.listJobs, request, options);
    return {
      jobs: jobs.map(toListItem),
      nextPageToken: nextPageToken === "" ? undefined : nextPageToken,
      totalCount,
    };
  }

  /** Every page, job by job. */
  async *listAll(options: ListOptions = {}): AsyncGenerator<JobListItem, void, undefined> {
    let pageToken = options.pageToken;
    do {
      const page = await this.list({ ...options, ...(pageToken === undefined ? {} : { pageToken }) });
      yield* page.jobs;
      pageToken = page.nextPageToken;
    } while (pageToken !== undefined);
  }

  /** Every matching job over one stream. Begins again elsewhere only while nothing has come; later failures are thrown. */
  async *stream(
    filter: Pick<ListFilter, "status"> = {},
    options: CallOptions = {},
  ): AsyncGenerator<JobListItem, void, undefined> {
    const request = { statusFilter: fromStatus(filter.status) };
    const messages = await this.#retrying(options, true, (firstByMs) =>
      this.#connections.stream(scheduler.streamJobs, request, firstByMs),
    );
    try {
      for await (const message of messages) yield toListItem(message);
    } catch (error) {
      throw clientError(streamFailure(error));
    }
  }

  /**
   * Starts a command: a job that runs now and at most once; it is not tried again when it fails or its node is lost.
   *
   * @throws CoxswainClientError: after `unknown-outcome` start again with the same id
   */
  async start(spec: StartSpec, options: CallOptions = {}): Promise<JobAnswer> {
    return toAnswer(await this.#call(worker.start, toStartRequest(spec, spec.id ?? uuidV7()), options));
  }

  /**
   * Ends a job: at once, or when it has not ended by itself within `graceMs`. Resolves with its status: RUNNING while
   * it is being stopped; of a job that is over, how that ended.
   */
  async stop(jobId: string, options: CallOptions & { readonly graceMs?: number } = {}): Promise<JobAnswer> {
    const request = JobRequest.fromPartial({ id: jobId, graceMs: options.graceMs ?? 0 });
    return toAnswer(await this.#call(worker.stop, request, options));
  }

  /**
   * A job's output as it comes, from whichever node it runs on, and in the end its exit. Goes on at another server,
   * byte for byte, when a connection breaks; what is gone is told as a gap. Read it as slowly as you like: the job
   * does not wait.
   *
   * @throws CoxswainClientError LOGS_ABORTED by the signal
   */
  async *logs(jobId: string, options: LogOptions = {}): AsyncGenerator<LogRecord, void, undefined> {
    const closing = this.#closing.signal;
    const ending = linkedSignal(closing, options.signal);
    try {
      yield* followLogs(jobId, options, {
        open: (request) =>
          this.#connections.messages(worker.logs, request, {
            signal: ending.signal,
            answerMs: this.#attemptTimeoutMs,
          }),
        timeoutMs: this.#timeoutMs(options),
        backoff: this.#options.backoff ?? {},
        signal: ending.signal,
        aborted: () => (closing.aborted ? clientClosed() : logsAborted(jobId)),
      });
    } finally {
      ending.unlink();
    }
  }

  /**
   * Asks for a job's end. Resolves with its status: CANCELLED, or RUNNING while an attempt is being stopped, which may
   * take `graceMs` (default: what its node gives; 0: none) to end by itself. Asked again, a shorter grace takes effect.
   */
  async cancel(
    jobId: string,
    options: CallOptions & { readonly reason?: string; readonly graceMs?: number } = {},
  ): Promise<{ status: Status; message: string }> {
    const request = {
      jobId,
      reason: options.reason ?? "",
      requestId: uuidV4(),
      ...(options.graceMs === undefined ? {} : { graceMs: options.graceMs }),
    };
    const { success, status, message } = await this.#call(scheduler.cancelJob, request, options);
    if (!success) throw new CoxswainClientError("CANCEL_FAILED", "conflict", message);
    return { status: toStatus(status), message };
  }

  /** Removes a job with its history. */
  async delete(jobId: string, options: CallOptions = {}): Promise<void> {
    await this.#call(scheduler.deleteJob, { jobId, requestId: uuidV4() }, options);
  }

  async executions(
    jobId: string,
    options: ReadOptions & { readonly pageSize?: number; readonly pageToken?: string } = {},
  ): Promise<ExecutionPage> {
    const { pageSize = 0, pageToken = "", stale = false } = options;
    const page = await this.#call(scheduler.listExecutions, { jobId, pageSize, pageToken, stale }, options);
    return {
      executions: page.executions.map(toExecutionView),
      nextPageToken: page.nextPageToken === "" ? undefined : page.nextPageToken,
    };
  }

  async clusterStatus(options: ReadOptions = {}): Promise<GetClusterStatusResponse> {
    return await this.#call(cluster.getClusterStatus, { stale: options.stale ?? false }, options);
  }

  async logEntries(
    options: CallOptions & { readonly startIndex?: number; readonly limit?: number } = {},
  ): Promise<GetRaftLogEntriesResponse> {
    return await this.#call(
      cluster.getRaftLogEntries,
      { startIndex: options.startIndex ?? 0, limit: options.limit ?? 0 },
      options,
    );
  }

  /** To node `to`, or to the most caught up. Not repeated once it may have happened: a repeat could move it on again. */
  async transferLeadership(
    options: CallOptions & { readonly to?: number } = {},
  ): Promise<{ newLeaderId: number; message: string }> {
    const request = { targetNodeId: options.to ?? 0 };
    const repeatUnknown = options.to !== undefined;
    const { success, message, newLeaderId } = await this.#call(
      cluster.transferLeadership,
      request,
      options,
      repeatUnknown,
    );
    if (!success) throw new CoxswainClientError("TRANSFER_FAILED", "conflict", message);
    return { newLeaderId, message };
  }

  /** Stops placing work on a node (default: the one that answers), or with `undo` starts again. */
  async drain(
    options: CallOptions & { readonly nodeId?: number; readonly undo?: boolean } = {},
  ): Promise<{ message: string }> {
    const request = { nodeId: options.nodeId ?? 0, undo: options.undo ?? false, requestId: uuidV4() };
    // Asked of another node, "the one that answers" would mean another one.
    const repeatUnknown = options.nodeId !== undefined;
    const { success, message } = await this.#call(cluster.drainNode, request, options, repeatUnknown);
    if (!success) throw new CoxswainClientError("DRAIN_FAILED", "conflict", message);
    return { message };
  }

  /**
   * Resolves with the status of a job that has ended for good: no attempt runs or waits, no occurrence is to come.
   *
   * @throws CoxswainClientError WAIT_TIMED_OUT, WAIT_ABORTED, or what `status` throws
   */
  async waitFor(jobId: string, options: WaitOptions = {}): Promise<JobStatus> {
    const { signal: given, timeoutMs = Number.POSITIVE_INFINITY } = options;
    const signal =
      given === undefined ? this.#closing.signal : AbortSignal.any([given, this.#closing.signal]);
    return await untilOver(jobId, Date.now() + timeoutMs, signal, async (leftMs) => {
      return await this.status(jobId, { timeoutMs: Math.min(this.#timeoutMs({}), leftMs) });
    });
  }

  /** Releases all connections; calls under way fail with CLIENT_CLOSED. More than once does no harm. */
  close(): void {
    this.#closing.abort();
    this.#pipeline.close();
    this.#connections.close();
  }

  get #attemptTimeoutMs(): number {
    return this.#options.attemptTimeoutMs ?? 7_000;
  }

  #deadline(options: CallOptions): number {
    return Date.now() + this.#timeoutMs(options);
  }

  #timeoutMs(options: CallOptions): number {
    return options.timeoutMs ?? this.#options.timeoutMs ?? 15_000;
  }

  async #submitUnary(request: SubmitJobRequest, options: CallOptions): Promise<Submitted> {
    return await this.#call(scheduler.submitJob, request, options);
  }

  async #call<Request, Response>(
    method: MethodDefinition<Request, Response>,
    request: Request,
    options: CallOptions,
    repeatUnknown = true,
  ): Promise<Response> {
    return await this.#retrying(options, repeatUnknown, (deadlineMs) =>
      this.#connections.unary(method, request, deadlineMs),
    );
  }

  async #retrying<T>(
    options: CallOptions,
    repeatUnknown: boolean,
    attempt: (deadlineMs: number) => Promise<T>,
  ): Promise<T> {
    return await retry(attempt, {
      deadlineMs: this.#deadline(options),
      signal: this.#closing.signal,
      backoff: this.#options.backoff ?? {},
      attemptTimeoutMs: this.#attemptTimeoutMs,
      repeatUnknown,
    });
  }
}

function toAnswer({ id, status }: JobResponse): JobAnswer {
  return { jobId: id, status: toStatus(status) };
}
