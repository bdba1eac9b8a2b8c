// A cluster that keeps jobs in one map, as the replicated store would, behind real gRPC servers that can misbehave.
import { Server, type ServerCredentials } from "@grpc/grpc-js";
import {
  type CancelJobRequest,
  ClusterServiceService,
  type ErrorDetail,
  ExecutionStatus,
  GetClusterStatusResponse,
  GetJobStatusResponse,
  JobLogsResponse,
  type JobRequest,
  JobState,
  JobSummary,
  JobWorkerService,
  type ListJobsRequest,
  SchedulerServiceService,
  type SubmitJobRequest,
  type SubmitJobResult,
  type SubmitJobsRequest,
  type SubmitJobsResponse,
  type TransferLeadershipRequest,
} from "@coxswain/protocol";
import {
  type HandlerOptions,
  insecureServerCredentials,
  localAdmin,
  serverOptions,
  wrapBidi,
  wrapServerStream,
  wrapUnary,
} from "@coxswain/rpc";

export function typed(code: string, category: string, message = "why"): Error {
  return Object.assign(new Error(message), { code, category });
}

export const notFound = (): Error => typed("JOB_NOT_FOUND", "not-found", "No such job.");

/** What one server does instead of answering a batch: `before` it takes the jobs, or `after`. */
export interface Misbehaviour {
  readonly when: "before" | "after";
  readonly what: "die" | "silence" | { readonly error: ErrorDetail } | { readonly throws: Error };
}

export class FakeCluster {
  readonly jobs = new Map<string, SubmitJobRequest>();
  readonly statuses = new Map<string, Partial<GetJobStatusResponse>>();
  readonly cancelled: CancelJobRequest[] = [];
  readonly transfers: TransferLeadershipRequest[] = [];
  readonly lists: ListJobsRequest[] = [];
  /** What came over the job worker's calls. */
  readonly starts: JobRequest[] = [];
  readonly stops: JobRequest[] = [];
  readonly logRequests: JobRequest[] = [];
  /** The output that logs show, of attempt 1. */
  output: Buffer = Buffer.alloc(0);
  /** Awaited before a log begins. */
  onLogRequest: () => Promise<void> = () => Promise.resolve();
  /** Called before each byte of a log is sent. */
  onLogByte: (server: FakeServer, offset: number) => void = () => undefined;
  /** Every id that came in a submit, as often as it came. */
  readonly received: string[] = [];
  leader: string | undefined;

  take(request: SubmitJobRequest): SubmitJobResult {
    this.received.push(request.jobId);
    if (request.command === "bad") {
      return {
        result: {
          $case: "error",
          value: { code: "EMPTY_COMMAND", category: "invalid", message: "Say what to run." },
        },
      };
    }
    const existed = this.jobs.has(request.jobId);
    this.jobs.set(request.jobId, request);
    return { result: { $case: "job", value: { jobId: request.jobId, createdAtMs: 1_000, existed } } };
  }
}

export class FakeServer {
  readonly address: string;
  /** Sizes of the messages that came over the submit stream. */
  readonly batches: number[] = [];
  /** One for each batch or unary call to come, in order; then it behaves. */
  readonly misbehaviours: Misbehaviour[] = [];
  unarySubmits = 0;
  calls = 0;
  openStreams = 0;
  readonly peers: string[] = [];
  readonly #server: Server;

  private constructor(server: Server, address: string) {
    this.#server = server;
    this.address = address;
  }

  static async start(
    cluster: FakeCluster,
    credentials: ServerCredentials = insecureServerCredentials(),
    without: string[] = [],
  ): Promise<FakeServer> {
    const server = new Server(serverOptions());
    const late: { self?: FakeServer } = {};
    const services = handlers(cluster, () => late.self!);
    const offered = Object.entries(services.scheduler).filter(([name]) => !without.includes(name));
    server.addService(SchedulerServiceService, Object.fromEntries(offered));
    server.addService(ClusterServiceService, services.cluster);
    server.addService(JobWorkerService, services.worker);
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync("127.0.0.1:0", credentials, (error, bound) => {
        if (error) reject(error);
        else resolve(bound);
      });
    });
    late.self = new FakeServer(server, `127.0.0.1:${String(port)}`);
    return late.self;
  }

  die(): void {
    this.#server.forceShutdown();
  }

  /** Does what the next misbehaviour says, if it is due now. */
  async misbehave(when: "before" | "after"): Promise<void> {
    const [next] = this.misbehaviours;
    if (next?.when !== when) return;
    this.misbehaviours.shift();
    if (next.what === "die") this.die();
    if (next.what === "die" || next.what === "silence") await new Promise(() => undefined);
    if (typeof next.what === "object" && "throws" in next.what) throw next.what.throws;
    if (typeof next.what === "object")
      throw typed(next.what.error.code, next.what.error.category, next.what.error.message);
  }
}

type Handlers = Record<string, never>;

function handlers(
  cluster: FakeCluster,
  self: () => FakeServer,
): { scheduler: Handlers; cluster: Handlers; worker: Handlers } {
  const options: HandlerOptions = { insecurePeer: localAdmin, leader: () => cluster.leader };
  const unary = <Request, Response>(answer: (request: Request) => Response): unknown =>
    wrapUnary<Request, Response>(async (request, { peer }) => {
      self().calls += 1;
      self().peers.push(`${peer.name}/${peer.role}`);
      await self().misbehave("before");
      const response = answer(request);
      await self().misbehave("after");
      return response;
    }, options);
  const scheduler = {
    submitJob: unary((request: SubmitJobRequest) => {
      self().unarySubmits += 1;
      const { result } = cluster.take(request);
      if (result?.$case === "job") return result.value;
      throw typed(result?.value.code ?? "", result?.value.category ?? "", result?.value.message);
    }),
    submitJobs: wrapBidi<SubmitJobsRequest, SubmitJobsResponse>(async function* (requests) {
      self().openStreams += 1;
      for await (const { sequence, jobs } of requests) {
        self().batches.push(jobs.length);
        const [next] = self().misbehaviours;
        if (typeof next?.what === "object" && "error" in next.what) {
          const { error } = next.what;
          self().misbehaviours.shift();
          for (const job of jobs) cluster.received.push(job.jobId);
          yield { sequence, results: jobs.map(() => ({ result: { $case: "error", value: error } })) };
          continue;
        }
        await self().misbehave("before");
        const results = jobs.map((job) => cluster.take(job));
        await self().misbehave("after");
        yield { sequence, results };
      }
    }, options),
    getJobStatus: unary(({ jobId }: { jobId: string }) => {
      if (!cluster.jobs.has(jobId)) throw notFound();
      return GetJobStatusResponse.fromPartial({
        jobId,
        status: ExecutionStatus.PENDING,
        state: JobState.ACTIVE,
        ...cluster.statuses.get(jobId),
      });
    }),
    listJobs: unary((request: ListJobsRequest) => {
      cluster.lists.push(request);
      const from = Number(request.pageToken);
      const to = from + (request.pageSize || 100);
      const all = [...cluster.jobs.keys()];
      const jobs = all.slice(from, to).map((jobId) => JobSummary.fromPartial({ jobId }));
      return { jobs, nextPageToken: to < all.length ? String(to) : "", totalCount: all.length };
    }),
    streamJobs: wrapServerStream(async function* () {
      self().calls += 1;
      await self().misbehave("before");
      for (const jobId of cluster.jobs.keys()) {
        yield JobSummary.fromPartial({ jobId });
        await self().misbehave("after");
      }
    }, options),
    cancelJob: unary((request: CancelJobRequest) => {
      cluster.cancelled.push(request);
      return { success: true, message: "", status: ExecutionStatus.CANCELLED };
    }),
    deleteJob: unary(() => ({})),
    listExecutions: unary(() => ({ executions: [], nextPageToken: "" })),
  };
  const clusterService = {
    getClusterStatus: unary(() => GetClusterStatusResponse.fromPartial({ leaderId: 1, nodeId: 1 })),
    getRaftLogEntries: unary(() => ({
      entries: [],
      commitIndex: 0,
      lastLogIndex: 0,
      firstAvailableIndex: 0,
    })),
    transferLeadership: unary((request: TransferLeadershipRequest) => {
      cluster.transfers.push(request);
      return { success: true, message: "", newLeaderId: request.targetNodeId || 2 };
    }),
    drainNode: unary(() => ({ success: true, message: "" })),
  };
  const worker = {
    start: unary((request: JobRequest) => {
      cluster.starts.push(request);
      return { id: request.id, status: ExecutionStatus.RUNNING };
    }),
    stop: unary((request: JobRequest) => {
      cluster.stops.push(request);
      return { id: request.id, status: ExecutionStatus.CANCELLED };
    }),
    status: unary(() => ({})),
    logs: wrapServerStream<JobRequest, JobLogsResponse>(async function* (request) {
      cluster.logRequests.push(request);
      await cluster.onLogRequest();
      await self().misbehave("before");
      yield* logMessages(cluster, self, request);
    }, options),
  };
  const asHandlers = (methods: object): Handlers => methods as Handlers;
  return {
    scheduler: asHandlers(scheduler),
    cluster: asHandlers(clusterService),
    worker: asHandlers(worker),
  };
}

/** Byte by byte, then the exit. */
async function* logMessages(
  { output, onLogByte }: FakeCluster,
  self: () => FakeServer,
  { offset, tailBytes, noFollow }: JobRequest,
): AsyncGenerator<JobLogsResponse, void, undefined> {
  const place = { executionId: "a.1.1", attempt: 1 };
  const start = tailBytes === undefined ? (offset ?? 0) : output.length - tailBytes;
  for (let at = start; at < output.length; at++) {
    onLogByte(self(), at);
    // Where the reader is gone, or this server: then nothing more is sent.
    await new Promise((resolve) => setImmediate(resolve));
    yield JobLogsResponse.fromPartial({ ...place, offset: at, log: output.subarray(at, at + 1), stream: 1 });
  }
  if (noFollow) return;
  const exit = { status: ExecutionStatus.COMPLETED, exitCode: 0, outputBytes: output.length, nodeId: 2 };
  yield JobLogsResponse.fromPartial({ ...place, offset: output.length, exit });
}
