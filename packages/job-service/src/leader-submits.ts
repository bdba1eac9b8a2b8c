/** Submits on their way into the log: first due instant, place, hash, proposal, and what apply made of them. */
import type { Placement, SubmitJobResponse, SubmitJobs_Item } from "@coxswain/protocol";
import { executorOf, isRefused } from "@coxswain/state-machine";
import type { SubmitItemResult } from "@coxswain/state-machine";
import { contentHash } from "./content-hash.ts";
import type { CallerIdentity } from "./contracts.ts";
import {
  errorFacts,
  JobConflictError,
  NodeDrainingError,
  OutcomeUnknownError,
  UnexpectedResultError,
} from "./errors.ts";
import { firstDueMs } from "./first-due.ts";
import { inProposals } from "./in-proposals.ts";
import { idTimeMs } from "./job-id.ts";
import { propose, refusal } from "./propose.ts";
import { policyDefaults, resolvePolicy, withImage } from "./resolve-policy.ts";
import type { ServiceParts } from "./service-parts.ts";
import type { CheckedSubmit } from "./validate.ts";

/** What became of one job: its answer, or why it was refused. */
export type SubmitOutcome = { readonly job: SubmitJobResponse } | { readonly error: unknown };

/** A job on its way into the log, and where its outcome belongs. */
interface Prepared {
  readonly position: number;
  readonly item: SubmitJobs_Item;
  readonly release: () => void;
}

/** The leader's part of a submit. */
export class LeaderSubmits {
  readonly #parts: ServiceParts;
  readonly #accepting: () => boolean;

  /** @param accepting whether this node takes new jobs into its log */
  constructor(parts: ServiceParts, accepting: () => boolean) {
    this.#parts = parts;
    this.#accepting = accepting;
  }

  /**
   * One outcome for each job, in order.
   * @throws NodeDrainingError, or what the log rejected all of them with
   */
  async submit(caller: CallerIdentity, jobs: readonly CheckedSubmit[]): Promise<readonly SubmitOutcome[]> {
    if (!this.#accepting()) throw new NodeDrainingError();
    const nowMs = this.#parts.clock.now();
    const outcomes: SubmitOutcome[] = [];
    const prepared: Prepared[] = [];
    try {
      for (const [position, job] of jobs.entries()) {
        try {
          prepared.push({ position, ...this.#prepare(caller, job, nowMs) });
        } catch (error) {
          outcomes[position] = await this.#unlessThere(caller, job, error);
        }
      }
      await this.#proposeAll(prepared, outcomes);
    } finally {
      for (const { release } of prepared) release();
    }
    return outcomes;
  }

  async #proposeAll(prepared: readonly Prepared[], outcomes: SubmitOutcome[]): Promise<void> {
    const proposals = inProposals(prepared, ({ item }) => item, this.#parts.limits.maxProposalBytes);
    const answers = await unlessToBeRepeated(proposals.map((part) => this.#propose(part)));
    answers.forEach((answer, index) => {
      for (const [offset, { position }] of (proposals[index] ?? []).entries()) {
        outcomes[position] =
          answer.status === "fulfilled" ? itemOutcome(answer.value[offset]) : { error: answer.reason };
      }
    });
  }

  #prepare(caller: CallerIdentity, job: CheckedSubmit, nowMs: number): Omit<Prepared, "position"> {
    const nextDueMs = firstDueMs(job.schedule, nowMs, this.#parts.limits.atToleranceMs);
    const { placement, release } = this.#place(job, nextDueMs);
    const { policy, dockerTimeoutMs } = this.#parts;
    const item: SubmitJobs_Item = {
      jobId: job.jobId,
      owner: caller.name,
      task: withImage(job.task, this.#parts.defaultImage),
      schedule: job.schedule,
      policy: resolvePolicy(job.policy, policyDefaults(job.task, policy, dockerTimeoutMs)),
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
  async #unlessThere(caller: CallerIdentity, job: CheckedSubmit, error: unknown): Promise<SubmitOutcome> {
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
 * The outcomes of all parts, unless the whole is to be tried again or has failed alike. That nothing was done is
 * only said when it is true of every part.
 */
async function unlessToBeRepeated<T>(
  parts: readonly Promise<T>[],
): Promise<readonly PromiseSettledResult<T>[]> {
  const answers = await Promise.allSettled(parts);
  const categories = answers.map((answer) =>
    answer.status === "rejected" ? errorFacts(answer.reason).category : "done",
  );
  const repeat = answers.find(
    (_, index) => categories[index] === "unavailable" || categories[index] === "unknown-outcome",
  );
  const nothingDone = categories.every((category) => category !== "done" && category !== "unknown-outcome");
  const failed = repeat ?? (nothingDone ? answers[0] : undefined);
  if (failed?.status !== "rejected") return answers;
  throw nothingDone ? failed.reason : new OutcomeUnknownError({ cause: failed.reason });
}

function itemOutcome(result: SubmitItemResult | undefined): SubmitOutcome {
  if (result === undefined) return { error: new UnexpectedResultError("A submitted job had no result.") };
  if (isRefused(result)) return { error: refusal(result.error) };
  return {
    job: { jobId: result.job.jobId, createdAtMs: result.job.createdAtMs, existed: result.kind === "existed" },
  };
}
