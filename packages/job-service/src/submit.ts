/** Submitting jobs: one at a time or many at once, always one way through. */
import { SubmitJobsRequest } from "@coxswain/protocol";
import type { Placement, SubmitJobRequest, SubmitJobResponse, SubmitJobResult, SubmitJobs_Item, SubmitJobsResponse } from "@coxswain/protocol";
import { executorOf, isRefused } from "@coxswain/state-machine";
import type { SubmitItemResult } from "@coxswain/state-machine";
import { requireUser } from "./authorize.ts";
import { contentHash } from "./content-hash.ts";
import type { CallerIdentity, CallOptions } from "./contracts.ts";
import { errorDetail, errorFromDetail } from "./error-detail.ts";
import {
  errorFacts,
  JobConflictError,
  NodeDrainingError,
  OutcomeUnknownError,
  UnexpectedResultError,
  ValidationError,
} from "./errors.ts";
import { firstDueMs } from "./first-due.ts";
import { inProposals } from "./in-proposals.ts";
import { idTimeMs } from "./job-id.ts";
import { propose, refusal } from "./propose.ts";
import { resolvePolicy } from "./resolve-policy.ts";
import type { ServiceParts } from "./service-parts.ts";
import { TurnBatches } from "./turn-batches.ts";
import { checkedBefore } from "./validate.ts";
import type { CheckedSubmit } from "./validate.ts";

/** What became of one job: its answer, or why it was refused. */
type Outcome = { readonly job: SubmitJobResponse } | { readonly error: unknown };

/** A job on its way into the log, and where its outcome belongs. */
interface Prepared {
  readonly position: number;
  readonly item: SubmitJobs_Item;
  readonly release: () => void;
}

/** Whose jobs they are, and how long he waits. */
interface Submitter {
  readonly caller: CallerIdentity;
  readonly options: CallOptions;
}

const SAME_DEADLINE_MS = 250;

export class SubmitCalls {
  readonly #parts: ServiceParts;
  readonly #accepting: () => boolean;
  readonly #gathered: TurnBatches<CheckedSubmit, SubmitJobResult, Submitter>;

  constructor(parts: ServiceParts, accepting: () => boolean) {
    this.#parts = parts;
    this.#accepting = accepting;
    this.#gathered = new TurnBatches({
      send: (jobs, submitter) => this.#submitChecked(jobs, submitter),
      maxItems: parts.limits.maxBatchJobs,
      maxBytes: parts.limits.maxBatchBytes,
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
      const [outcome] = await this.#onLeader(caller, [checked]);
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
    return results.map((result) => result ?? errorResult(new UnexpectedResultError("A submit had no outcome.")));
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

  /** Joins what else the caller submits here in this turn: it goes to the leader in one call. */
  async #gather(
    caller: CallerIdentity,
    jobs: readonly CheckedSubmit[],
    options: CallOptions,
  ): Promise<readonly SubmitJobResult[]> {
    const bytes = this.#batchBytes(jobs);
    const { deadlineMs } = options;
    // Deadlines this close together are one; whoever opened the batch lends it his.
    const until = deadlineMs === undefined ? "" : String(Math.floor(deadlineMs / SAME_DEADLINE_MS));
    return await this.#gathered.add(`${caller.role} ${until} ${caller.name}`, jobs, bytes, { caller, options });
  }

  async #submitChecked(
    jobs: readonly CheckedSubmit[],
    { caller, options }: Submitter,
  ): Promise<readonly SubmitJobResult[]> {
    this.#batchBytes(jobs);
    const onLeader = async (): Promise<SubmitJobsResponse> => ({
      sequence: 0,
      results: (await this.#onLeader(caller, jobs)).map((outcome) => this.#told(outcome)),
    });
    const response = await this.#parts.routing.run(
      { caller, method: "submitJobs", effect: "write", request: { sequence: 0, jobs: [...jobs] }, onLeader },
      options,
    );
    return response.results;
  }

  /** In a batch a fault reaches the caller as one result among many: this is where it is noted. */
  #told(outcome: Outcome): SubmitJobResult {
    if ("job" in outcome) return { result: { $case: "job", value: outcome.job } };
    const detail = errorDetail(outcome.error);
    if (detail.category === "internal") this.#parts.logger.error({ err: outcome.error }, "a job of a batch failed");
    return { result: { $case: "error", value: detail } };
  }

  #checked(request: SubmitJobRequest, { forwarded }: CallOptions): CheckedSubmit {
    return forwarded === true ? checkedBefore(request) : this.#parts.validator.submit(request);
  }

  #requireBatchSize(requests: readonly SubmitJobRequest[]): void {
    const { maxBatchJobs } = this.#parts.limits;
    if (requests.length <= maxBatchJobs) return;
    throw new ValidationError([{ field: "jobs", problem: `must be at most ${String(maxBatchJobs)} in one batch` }]);
  }

  /** The size of a batch on its way to another node; it must fit a message. */
  #batchBytes(jobs: readonly CheckedSubmit[]): number {
    const { maxBatchBytes } = this.#parts.limits;
    const bytes = SubmitJobsRequest.encode({ sequence: 0, jobs: [...jobs] }).finish().byteLength;
    if (bytes <= maxBatchBytes) return bytes;
    throw new ValidationError([{ field: "jobs", problem: `must be at most ${String(maxBatchBytes)} bytes in one batch` }]);
  }

  async #onLeader(caller: CallerIdentity, jobs: readonly CheckedSubmit[]): Promise<readonly Outcome[]> {
    if (!this.#accepting()) throw new NodeDrainingError();
    const nowMs = this.#parts.clock.now();
    const outcomes: Outcome[] = [];
    const prepared: Prepared[] = [];
    for (const [position, job] of jobs.entries()) {
      try {
        prepared.push({ position, ...this.#prepare(caller, job, nowMs) });
      } catch (error) {
        outcomes[position] = await this.#unlessThere(caller, job, error);
      }
    }
    try {
      const proposals = inProposals(prepared, ({ item }) => item, this.#parts.limits.maxProposalBytes);
      const answers = await allOrRetryable(proposals.map((part) => this.#propose(part)));
      answers.forEach((answer, index) => {
        for (const [offset, { position }] of (proposals[index] ?? []).entries()) {
          outcomes[position] = answer.status === "fulfilled" ? itemOutcome(answer.value[offset]) : { error: answer.reason };
        }
      });
    } finally {
      for (const { release } of prepared) release();
    }
    return outcomes;
  }

  #prepare(caller: CallerIdentity, job: CheckedSubmit, nowMs: number): Omit<Prepared, "position"> {
    const nextDueMs = firstDueMs(job.schedule, nowMs, this.#parts.limits.atToleranceMs);
    const { placement, release } = this.#place(job, nextDueMs);
    const item: SubmitJobs_Item = {
      jobId: job.jobId,
      owner: caller.name,
      task: job.task,
      schedule: job.schedule,
      policy: resolvePolicy(job.policy, this.#parts.policy),
      contentHash: contentHash(job),
      nextDueMs,
      placement,
      idTimeMs: idTimeMs(job.jobId),
    };
    return { item, release };
  }

  /** Only what is due now gets a node at once; what needs no executor needs no node. */
  #place(job: CheckedSubmit, nextDueMs: number): { placement: Placement | undefined; release: () => void } {
    const executor = executorOf(job.task);
    if (nextDueMs !== 0 || executor === "none") return { placement: undefined, release: () => {} };
    const reserved = this.#parts.scheduler.place({ executor });
    return {
      placement: reserved.placement,
      release: () => {
        reserved.release();
      },
    };
  }

  async #propose(part: readonly Prepared[]): Promise<readonly SubmitItemResult[]> {
    const items = part.map(({ item }) => item);
    return (await propose(this.#parts, "submitted", { $case: "submitJobs", value: { items } })).items;
  }

  /**
   * What was in time when it was first sent is not refused for being late when it is sent again:
   * the retry of a job that is there gets that job.
   */
  async #unlessThere(caller: CallerIdentity, job: CheckedSubmit, error: unknown): Promise<Outcome> {
    await this.#parts.raft.linearizableRead();
    const there = await this.#parts.store.job(job.jobId);
    if (there === undefined) return { error };
    const same = there.owner === caller.name && Buffer.compare(there.contentHash, contentHash(job)) === 0;
    return same
      ? { job: { jobId: there.id, createdAtMs: there.createdAtMs, existed: true } }
      : { error: new JobConflictError(job.jobId) };
  }
}

/**
 * The outcomes of all parts, unless one calls for another try of the whole: then nothing is known to
 * be left undone any more, unless every part says so.
 */
async function allOrRetryable<T>(parts: readonly Promise<T>[]): Promise<readonly PromiseSettledResult<T>[]> {
  const answers = await Promise.allSettled(parts);
  const categories = answers.map((answer) => (answer.status === "rejected" ? errorFacts(answer.reason).category : "done"));
  const failed = answers.find((_, index) => categories[index] === "unavailable" || categories[index] === "unknown-outcome");
  if (failed?.status !== "rejected") return answers;
  if (categories.every((category) => category === "unavailable")) throw failed.reason;
  throw new OutcomeUnknownError({ cause: failed.reason });
}

function itemOutcome(result: SubmitItemResult | undefined): Outcome {
  if (result === undefined) return { error: new UnexpectedResultError("A submitted job had no result.") };
  if (isRefused(result)) return { error: refusal(result.error) };
  return {
    job: { jobId: result.job.jobId, createdAtMs: result.job.createdAtMs, existed: result.kind === "existed" },
  };
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
