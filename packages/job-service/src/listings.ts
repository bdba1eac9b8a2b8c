/** Jobs and executions by the page, and jobs as one stream. */
import { Execution, ExecutionStatus } from "@coxswain/protocol";
import type {
  JobSummary,
  ListExecutionsRequest,
  ListExecutionsResponse,
  ListJobsRequest,
  ListJobsResponse,
  StreamJobsRequest,
} from "@coxswain/protocol";
import { requireOwner, requireUser } from "./authorize.ts";
import type { CallerIdentity, CallOptions } from "./contracts.ts";
import { JobNotFoundError, ValidationError } from "./errors.ts";
import type { ServiceParts } from "./service-parts.ts";
import { jobSummary } from "./summary.ts";
import { DEFAULT_PAGE_SIZE } from "./validate.ts";

/** Executions read at a time: each may hold many attempts with their output. */
const EXECUTIONS_PER_READ = 32;

export class ListingCalls {
  readonly #parts: ServiceParts;

  constructor(parts: ServiceParts) {
    this.#parts = parts;
  }

  async listJobs(
    caller: CallerIdentity,
    given: ListJobsRequest,
    options: CallOptions,
  ): Promise<ListJobsResponse> {
    requireUser(caller, "ListJobs");
    const checked = this.#parts.validator.listJobs(given);
    // Whatever a client asks for, it sees its own jobs and no others.
    const request = { ...checked, ownerFilter: caller.role === "admin" ? checked.ownerFilter : caller.name };
    if (request.stale) return await this.#page(request);
    const onLeader = async (): Promise<ListJobsResponse> => {
      await this.#parts.raft.linearizableRead();
      return await this.#page(request);
    };
    return await this.#parts.routing.run(
      { caller, method: "listJobs", effect: "read", request, onLeader },
      options,
    );
  }

  /** Page after page, each read only when the one before was taken. Jobs that are submitted meanwhile may be missing. */
  async *streamJobs(
    caller: CallerIdentity,
    given: StreamJobsRequest,
    options: CallOptions,
  ): AsyncGenerator<JobSummary, void, undefined> {
    requireUser(caller, "StreamJobs");
    const request: ListJobsRequest = {
      ...ALL_JOBS,
      statusFilter: given.statusFilter,
      pageSize: this.#parts.settings.streamPageSize,
    };
    let pageToken = "";
    do {
      const page = await this.listJobs(caller, { ...request, pageToken }, options);
      yield* page.jobs;
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
  }

  async listExecutions(
    caller: CallerIdentity,
    given: ListExecutionsRequest,
    options: CallOptions,
  ): Promise<ListExecutionsResponse> {
    requireUser(caller, "ListExecutions");
    const request = this.#parts.validator.listExecutions(given);
    const before = executionNumber(request.pageToken);
    if (request.stale) return await this.#executions(caller, request, before);
    const onLeader = async (): Promise<ListExecutionsResponse> => {
      await this.#parts.raft.linearizableRead();
      return await this.#executions(caller, request, before);
    };
    return await this.#parts.routing.run(
      { caller, method: "listExecutions", effect: "read", request, onLeader },
      options,
    );
  }

  async #page(request: ListJobsRequest): Promise<ListJobsResponse> {
    const { jobs, latestExecutions, nextPageToken, totalCount } = await this.#parts.store.listJobs({
      pageSize: request.pageSize === 0 ? DEFAULT_PAGE_SIZE : request.pageSize,
      ...(request.pageToken === "" ? {} : { pageToken: request.pageToken }),
      ...(request.ownerFilter === "" ? {} : { owner: request.ownerFilter }),
      ...(request.statusFilter === ExecutionStatus.UNSPECIFIED ? {} : { status: request.statusFilter }),
      ...(request.workerIdFilter === 0 ? {} : { nodeId: request.workerIdFilter }),
      ...(request.commandFilter === "" ? {} : { command: request.commandFilter }),
      ...(request.createdAfterMs === 0 ? {} : { createdAfterMs: request.createdAfterMs }),
      ...(request.createdBeforeMs === 0 ? {} : { createdBeforeMs: request.createdBeforeMs }),
    });
    return {
      jobs: jobs.map((job, index) => jobSummary(job, latestExecutions[index])),
      nextPageToken,
      totalCount,
    };
  }

  async #executions(
    caller: CallerIdentity,
    { jobId, pageSize }: ListExecutionsRequest,
    before: number | undefined,
  ): Promise<ListExecutionsResponse> {
    const { store, settings } = this.#parts;
    const job = await store.job(jobId);
    if (job === undefined) throw new JobNotFoundError(jobId);
    requireOwner(caller, job);
    const executions: Execution[] = [];
    const limit = pageSize === 0 ? DEFAULT_PAGE_SIZE : pageSize;
    let next = before;
    let roomBytes = settings.maxPageBytes;
    do {
      const wanted = Math.min(EXECUTIONS_PER_READ, limit - executions.length);
      const page = await store.executionsOf(jobId, {
        limit: wanted,
        ...(next === undefined ? {} : { before: next }),
      });
      for (const execution of page.executions) {
        roomBytes -= Execution.encode(execution).finish().byteLength;
        // A page always brings something, or a reader would never get past a large one.
        if (roomBytes < 0 && executions.length > 0) return { executions, nextPageToken: String(next) };
        executions.push(execution);
        next = execution.number;
      }
      next = page.next;
    } while (next !== undefined && executions.length < limit);
    return { executions, nextPageToken: next === undefined ? "" : String(next) };
  }
}

const ALL_JOBS: ListJobsRequest = {
  pageSize: 0,
  pageToken: "",
  statusFilter: ExecutionStatus.UNSPECIFIED,
  workerIdFilter: 0,
  commandFilter: "",
  createdAfterMs: 0,
  createdBeforeMs: 0,
  stale: false,
  ownerFilter: "",
};

/** The token of a page of executions is the number of the last one shown. */
function executionNumber(pageToken: string): number | undefined {
  if (pageToken === "") return undefined;
  if (/^[1-9]\d{0,14}$/.test(pageToken)) return Number(pageToken);
  throw new ValidationError([
    { field: "pageToken", problem: "must come from an earlier page of this listing" },
  ]);
}
