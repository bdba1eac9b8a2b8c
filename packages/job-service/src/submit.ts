/** Submitting jobs: one at a time or many at once, always one way through. */
import { SubmitJobsRequest } from "@coxswain/protocol";
import type {
  SubmitJobRequest,
  SubmitJobResponse,
  SubmitJobResult,
  SubmitJobsResponse,
} from "@coxswain/protocol";
import { requireUser } from "./authorize.ts";
import type { CallerIdentity, CallOptions } from "./contracts.ts";
import { errorDetail, errorFromDetail } from "./error-detail.ts";
import { UnexpectedResultError, ValidationError } from "./errors.ts";
import { Gatherer } from "./gatherer.ts";
import { LeaderSubmits } from "./leader-submits.ts";
import type { SubmitOutcome } from "./leader-submits.ts";
import type { ServiceParts } from "./service-parts.ts";
import { checkedBefore } from "./validate.ts";
import type { CheckedSubmit } from "./validate.ts";

/** Whose jobs they are, and how long he waits. */
interface Submitter {
  readonly caller: CallerIdentity;
  readonly options: CallOptions;
}

/** Deadlines within one such window are taken for one; whoever comes first in a batch lends it his. */
const SAME_DEADLINE_MS = 250;

/** One on its way there, one on its way back. */
const FORWARDS_UNDER_WAY = 2;

export class SubmitCalls {
  readonly #parts: ServiceParts;
  readonly #leader: LeaderSubmits;
  readonly #gathered: Gatherer<CheckedSubmit, SubmitJobResult, Submitter>;

  constructor(parts: ServiceParts, accepting: () => boolean) {
    this.#parts = parts;
    this.#leader = new LeaderSubmits(parts, accepting);
    this.#gathered = new Gatherer({
      send: (jobs, submitter) => this.#submitChecked(jobs, submitter),
      maxItems: parts.limits.maxBatchJobs,
      maxBytes: parts.limits.maxBatchBytes,
      maxUnderWay: FORWARDS_UNDER_WAY,
    });
  }

  async submitJob(
    caller: CallerIdentity,
    request: SubmitJobRequest,
    options: CallOptions,
  ): Promise<SubmitJobResponse> {
    requireUser(caller, "SubmitJob");
    const checked = this.#checked(request, options);
    if (!this.#answersHere(options)) return jobOf(await this.#gather(caller, [checked], options));
    const onLeader = async (): Promise<SubmitJobResponse> => {
      const [outcome] = await this.#leader.submit(caller, [checked]);
      if (outcome === undefined) throw new UnexpectedResultError("A submit had no outcome.");
      if ("error" in outcome) throw outcome.error;
      return outcome.job;
    };
    return await this.#parts.routing.run(
      { caller, method: "submitJob", effect: "write", request: checked, onLeader },
      options,
    );
  }

  async submitJobs(
    caller: CallerIdentity,
    requests: readonly SubmitJobRequest[],
    options: CallOptions,
  ): Promise<SubmitJobResult[]> {
    requireUser(caller, "SubmitJobs");
    this.#requireBatchSize(requests);
    const results: (SubmitJobResult | undefined)[] = requests.map(() => undefined);
    const jobs: CheckedSubmit[] = [];
    const positions: number[] = [];
    requests.forEach((request, position) => {
      try {
        jobs.push(this.#checked(request, options));
        positions.push(position);
      } catch (error) {
        results[position] = errorResult(error);
      }
    });
    const submitted = await this.#submitAll(caller, jobs, options);
    positions.forEach((position, index) => {
      results[position] = submitted[index];
    });
    return results.map(
      (result) => result ?? errorResult(new UnexpectedResultError("A submit had no outcome.")),
    );
  }

  async #submitAll(
    caller: CallerIdentity,
    jobs: readonly CheckedSubmit[],
    options: CallOptions,
  ): Promise<readonly SubmitJobResult[]> {
    if (jobs.length === 0) return [];
    return await (this.#answersHere(options)
      ? this.#submitChecked(jobs, { caller, options })
      : this.#gather(caller, jobs, options));
  }

  /** Whether there is nothing to be gained by going together with others: the log is here. */
  #answersHere({ forwarded }: CallOptions): boolean {
    return forwarded === true || this.#parts.raft.status().role === "leader";
  }

  /** Joins what else the caller submits here: it goes to the leader together. */
  async #gather(
    caller: CallerIdentity,
    jobs: readonly CheckedSubmit[],
    options: CallOptions,
  ): Promise<readonly SubmitJobResult[]> {
    const bytes = this.#batchBytes(jobs);
    // The time spent waiting for a place counts as well.
    const deadlineMs = Math.min(
      options.deadlineMs ?? Infinity,
      this.#parts.clock.now() + this.#parts.settings.commitWaitMs,
    );
    const window = options.deadlineMs === undefined ? "" : String(Math.floor(deadlineMs / SAME_DEADLINE_MS));
    const submitter = { caller, options: { ...options, deadlineMs } };
    return await this.#gathered.add(`${caller.role} ${window} ${caller.name}`, jobs, bytes, submitter);
  }

  async #submitChecked(
    jobs: readonly CheckedSubmit[],
    { caller, options }: Submitter,
  ): Promise<readonly SubmitJobResult[]> {
    this.#batchBytes(jobs);
    const onLeader = async (): Promise<SubmitJobsResponse> => ({
      sequence: 0,
      results: (await this.#leader.submit(caller, jobs)).map((outcome) => this.#told(outcome)),
    });
    const response = await this.#parts.routing.run(
      { caller, method: "submitJobs", effect: "write", request: { sequence: 0, jobs: [...jobs] }, onLeader },
      options,
    );
    return response.results;
  }

  /** In a batch a fault reaches the caller as one result among many: this is where it is noted. */
  #told(outcome: SubmitOutcome): SubmitJobResult {
    if ("job" in outcome) return { result: { $case: "job", value: outcome.job } };
    const detail = errorDetail(outcome.error);
    if (detail.category === "internal")
      this.#parts.logger.error({ err: outcome.error }, "a job of a batch failed");
    return { result: { $case: "error", value: detail } };
  }

  #checked(request: SubmitJobRequest, { forwarded }: CallOptions): CheckedSubmit {
    return forwarded === true ? checkedBefore(request) : this.#parts.validator.submit(request);
  }

  #requireBatchSize(requests: readonly SubmitJobRequest[]): void {
    const { maxBatchJobs } = this.#parts.limits;
    if (requests.length <= maxBatchJobs) return;
    throw new ValidationError([
      { field: "jobs", problem: `must be at most ${String(maxBatchJobs)} in one batch` },
    ]);
  }

  /** The size of a batch on its way to another node; it must fit a message. */
  #batchBytes(jobs: readonly CheckedSubmit[]): number {
    const { maxBatchBytes } = this.#parts.limits;
    const bytes = SubmitJobsRequest.encode({ sequence: 0, jobs: [...jobs] }).finish().byteLength;
    if (bytes <= maxBatchBytes) return bytes;
    throw new ValidationError([
      { field: "jobs", problem: `must be at most ${String(maxBatchBytes)} bytes in one batch` },
    ]);
  }
}

/** The one job of a batch of one. */
function jobOf([only]: readonly SubmitJobResult[]): SubmitJobResponse {
  switch (only?.result?.$case) {
    case "job":
      return only.result.value;
    case "error":
      throw errorFromDetail(only.result.value);
    case undefined:
      throw new UnexpectedResultError("A submit had no outcome.");
  }
}

function errorResult(error: unknown): SubmitJobResult {
  return { result: { $case: "error", value: errorDetail(error) } };
}
