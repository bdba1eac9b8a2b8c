/** The one door: every public call of every edge is a method here. */
import { OutputPiece } from "@coxswain/protocol";
import type {
  CancelJobRequest,
  CancelJobResponse,
  DeleteJobRequest,
  DeleteJobResponse,
  DrainNodeRequest,
  DrainNodeResponse,
  GetClusterStatusRequest,
  GetClusterStatusResponse,
  GetJobStatusRequest,
  GetJobStatusResponse,
  GetRaftLogEntriesRequest,
  GetRaftLogEntriesResponse,
  JobLogsResponse,
  JobRequest,
  JobResponse,
  JobStatusResponse,
  JobSummary,
  ListExecutionsRequest,
  ListExecutionsResponse,
  ListJobsRequest,
  ListJobsResponse,
  Policy,
  StreamJobsRequest,
  SubmitJobRequest,
  SubmitJobResponse,
  SubmitJobResult,
  TransferLeadershipRequest,
  TransferLeadershipResponse,
} from "@coxswain/protocol";
import type { ApplyResult } from "@coxswain/state-machine";
import { ClusterCalls } from "./cluster.ts";
import type {
  CallerIdentity,
  CallOptions,
  Clock,
  Logger,
  OutputSource,
  Peers,
  RaftPort,
  SchedulerPort,
  StreamOptions,
} from "./contracts.ts";
import { EndOfLifeCalls } from "./end-of-life.ts";
import { LogCalls } from "./job-logs.ts";
import { StatusCalls } from "./job-status.ts";
import { WorkerCalls } from "./job-worker.ts";
import { LeaderRouting } from "./leader-routing.ts";
import {
  DEFAULT_DOCKER_TIMEOUT_MS,
  DEFAULT_IMAGE,
  DEFAULT_LIMITS,
  DEFAULT_POLICY,
  DEFAULT_SETTINGS,
} from "./limits.ts";
import type { RequestLimits, ServiceSettings } from "./limits.ts";
import { ListingCalls } from "./listings.ts";
import type { LocalOutput, ServiceParts, StorePort } from "./service-parts.ts";
import { SubmitCalls } from "./submit.ts";
import { Validator } from "./validate.ts";

export interface JobServiceOptions {
  /** This node. */
  readonly nodeId: number;
  readonly raft: RaftPort<ApplyResult>;
  readonly store: StorePort;
  readonly scheduler: SchedulerPort;
  readonly peers: Peers;
  readonly clock: Clock;
  /** Makes ids for jobs and requests that come without: UUIDv7. */
  readonly newId: () => string;
  /** Shown in the cluster's status. Default empty. */
  readonly clusterId?: string;
  /** Where a member is reached that never registered. Default: not known. */
  readonly memberAddress?: (nodeId: number) => string | undefined;
  /** Output of attempts that run on this node. Default: none. */
  readonly localOutput?: LocalOutput;
  /** The same as a stream, and of attempts that ran here. Default: none. */
  readonly localStream?: OutputSource;
  /** What a policy that does not say gets. Default {@link DEFAULT_POLICY}; fields left out keep their default. */
  readonly policy?: Partial<Policy>;
  /** Instead of the policy's limit of one attempt, for docker tasks that name none. Default {@link DEFAULT_DOCKER_TIMEOUT_MS}. */
  readonly dockerTimeoutMs?: number;
  /** What a docker task that names no image gets. Default `alpine:latest`. */
  readonly defaultImage?: string;
  /** Default {@link DEFAULT_LIMITS}; fields left out keep their default. */
  readonly limits?: Partial<RequestLimits>;
  /** Default {@link DEFAULT_SETTINGS}; fields left out keep their default. */
  readonly settings?: Partial<ServiceSettings>;
  /** Default: nothing is logged. */
  readonly logger?: Logger;
}

const SILENT: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/**
 * Who may call, whether the request makes sense, who leads, what apply said.
 *
 * Every call takes the caller's identity, the request as the protocol has it, and {@link CallOptions}; it
 * resolves with the protocol's response or rejects with an error that has `code` and `category`:
 * `ValidationError`, `JobNotFoundError`, `JobPermissionDeniedError`, `CallNotAllowedError`, `NoLeaderError`,
 * `OutcomeUnknownError`, or a `RefusedError` with a code of the job store. All are safe to send again with the same id.
 */
export class JobService {
  readonly #submits: SubmitCalls;
  readonly #ends: EndOfLifeCalls;
  readonly #states: StatusCalls;
  readonly #lists: ListingCalls;
  readonly #cluster: ClusterCalls;
  readonly #worker: WorkerCalls;
  readonly #logs: LogCalls;
  #accepting = true;

  constructor(options: JobServiceOptions) {
    const parts = completed(options);
    this.#submits = new SubmitCalls(parts, () => this.#accepting);
    this.#ends = new EndOfLifeCalls(parts);
    this.#states = new StatusCalls(parts);
    this.#lists = new ListingCalls(parts);
    this.#cluster = new ClusterCalls(parts);
    this.#worker = new WorkerCalls(parts, { submits: this.#submits, ends: this.#ends, states: this.#states });
    this.#logs = new LogCalls(parts, this.#lists);
  }

  /**
   * For a node that is about to stop: it takes no new jobs into its own log any more. Submits that reach it still
   * go to whoever leads next; everything else is answered as before. May be called twice.
   */
  stopAccepting(): void {
    this.#accepting = false;
  }

  /**
   * Ends all logs that are streamed, with category `unavailable`: their readers go on at other nodes. For a node that
   * stops serving. May be called twice.
   */
  close(): void {
    this.#logs.close();
  }

  /** Stores a job and, when it is due now and a node has room, assigns it. */
  submitJob(
    caller: CallerIdentity,
    request: SubmitJobRequest,
    options: CallOptions = {},
  ): Promise<SubmitJobResponse> {
    return this.#submits.submitJob(caller, request, options);
  }

  /** Many jobs in one go, at most 256; one result for each, in order. Rejects when nothing can be said of any. */
  submitJobs(
    caller: CallerIdentity,
    requests: readonly SubmitJobRequest[],
    options: CallOptions = {},
  ): Promise<SubmitJobResult[]> {
    return this.#submits.submitJobs(caller, requests, options);
  }

  /** Cancels a job; an attempt that runs is asked to stop, and ends the execution when it has. */
  cancelJob(
    caller: CallerIdentity,
    request: CancelJobRequest,
    options: CallOptions = {},
  ): Promise<CancelJobResponse> {
    return this.#ends.cancelJob(caller, request, options);
  }

  /** Removes a job with its history. */
  deleteJob(
    caller: CallerIdentity,
    request: DeleteJobRequest,
    options: CallOptions = {},
  ): Promise<DeleteJobResponse> {
    return this.#ends.deleteJob(caller, request, options);
  }

  /** A job's status; for a running one with the last of its output, where the executing node answers in time. */
  getJobStatus(
    caller: CallerIdentity,
    request: GetJobStatusRequest,
    options: CallOptions = {},
  ): Promise<GetJobStatusResponse> {
    return this.#states.getJobStatus(caller, request, options);
  }

  /** One page of jobs, newest first: a client's own, or for an admin anybody's. */
  listJobs(
    caller: CallerIdentity,
    request: ListJobsRequest,
    options: CallOptions = {},
  ): Promise<ListJobsResponse> {
    return this.#lists.listJobs(caller, request, options);
  }

  /** Every matching job, read as fast as they are taken. */
  streamJobs(
    caller: CallerIdentity,
    request: StreamJobsRequest,
    options: CallOptions = {},
  ): AsyncGenerator<JobSummary, void, undefined> {
    return this.#lists.streamJobs(caller, request, options);
  }

  /** One page of a job's executions, newest first. A page ends early rather than grow beyond `maxPageBytes`. */
  listExecutions(
    caller: CallerIdentity,
    request: ListExecutionsRequest,
    options: CallOptions = {},
  ): Promise<ListExecutionsResponse> {
    return this.#lists.listExecutions(caller, request, options);
  }

  /**
   * Starts a command: a job that runs now, and at most once. It fails where another job would be tried again, also
   * when its node is lost. The same id and content starts nothing twice.
   */
  start(caller: CallerIdentity, request: JobRequest, options: CallOptions = {}): Promise<JobResponse> {
    return this.#worker.start(caller, request, options);
  }

  /** Ends a job within the grace given, by default at once. Of a job that is over it tells the status, and does nothing. */
  stop(caller: CallerIdentity, request: JobRequest, options: CallOptions = {}): Promise<JobResponse> {
    return this.#worker.stop(caller, request, options);
  }

  /** A job's status with the last of its output, and its exit once it is over. */
  status(caller: CallerIdentity, request: JobRequest, options: CallOptions = {}): Promise<JobStatusResponse> {
    return this.#worker.status(caller, request, options);
  }

  /**
   * The output of a job's newest execution as it comes, attempt after attempt, and in the end its exit. Any number of
   * readers may follow, each at its own pace. Every byte comes, or is told as a gap. After a rejection of category
   * `unavailable` or `unknown-outcome` go on with `executionId`, `attempt` and the offset reached, at this node or
   * another. Also rejects with `TooManyLogStreamsError`, `ExecutionNotFoundError`, and the reason of the signal.
   */
  logs(
    caller: CallerIdentity,
    request: JobRequest,
    options: CallOptions & StreamOptions,
  ): AsyncGenerator<JobLogsResponse, void, undefined> {
    return this.#logs.logs(caller, request, options);
  }

  /** The cluster as its leader sees it, or with `stale` as this node does. */
  getClusterStatus(
    caller: CallerIdentity,
    request: GetClusterStatusRequest,
    options: CallOptions = {},
  ): Promise<GetClusterStatusResponse> {
    return this.#cluster.getClusterStatus(caller, request, options);
  }

  /** What this node's log still holds in memory. For admins. */
  getRaftLogEntries(
    caller: CallerIdentity,
    request: GetRaftLogEntriesRequest,
  ): Promise<GetRaftLogEntriesResponse> {
    return this.#cluster.getRaftLogEntries(caller, request);
  }

  /** Makes another node lead. For admins. */
  transferLeadership(
    caller: CallerIdentity,
    request: TransferLeadershipRequest,
    options: CallOptions = {},
  ): Promise<TransferLeadershipResponse> {
    return this.#cluster.transferLeadership(caller, request, options);
  }

  /** Stops placing work on a node, or with `undo` goes on with it. For admins. */
  drainNode(
    caller: CallerIdentity,
    request: DrainNodeRequest,
    options: CallOptions = {},
  ): Promise<DrainNodeResponse> {
    return this.#cluster.drainNode(caller, request, options);
  }
}

function completed(options: JobServiceOptions): ServiceParts {
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const settings = { ...DEFAULT_SETTINGS, ...options.settings };
  return {
    ...options,
    clusterId: options.clusterId ?? "",
    memberAddress: options.memberAddress ?? (() => undefined),
    localOutput: options.localOutput ?? (() => undefined),
    localStream: options.localStream ?? holdsNothing,
    policy: { ...DEFAULT_POLICY, ...options.policy },
    dockerTimeoutMs: options.dockerTimeoutMs ?? DEFAULT_DOCKER_TIMEOUT_MS,
    defaultImage: options.defaultImage ?? DEFAULT_IMAGE,
    limits,
    settings,
    logger: options.logger ?? SILENT,
    validator: new Validator(limits, options.newId),
    routing: new LeaderRouting({ ...options, settings }),
  };
}

async function* holdsNothing(): AsyncGenerator<OutputPiece, void, undefined> {
  yield await Promise.resolve(OutputPiece.fromPartial({ unknown: true }));
}
