/** Cancelling and deleting jobs. */
import type {
  CancelJobRequest,
  CancelJobResponse,
  DeleteJobRequest,
  DeleteJobResponse,
} from "@coxswain/protocol";
import { ownerMeant, requireOwner, requireUser } from "./authorize.ts";
import type { CallerIdentity, CallOptions } from "./contracts.ts";
import { JobNotFoundError } from "./errors.ts";
import { findJob } from "./find-job.ts";
import { propose, scopedRequestId } from "./propose.ts";
import type { ServiceParts } from "./service-parts.ts";

export class EndOfLifeCalls {
  readonly #parts: ServiceParts;

  constructor(parts: ServiceParts) {
    this.#parts = parts;
  }

  async cancelJob(
    caller: CallerIdentity,
    given: CancelJobRequest,
    options: CallOptions,
  ): Promise<CancelJobResponse> {
    requireUser(caller, "CancelJob");
    const checked = options.forwarded === true ? given : this.#parts.validator.cancel(given);
    const request = {
      ...checked,
      requestId: checked.requestId === "" ? this.#parts.newId() : checked.requestId,
    };
    const onLeader = (): Promise<CancelJobResponse> => this.#cancelOnLeader(caller, request);
    return await this.#parts.routing.run(
      { caller, method: "cancelJob", effect: "write", request, onLeader },
      options,
    );
  }

  async deleteJob(
    caller: CallerIdentity,
    given: DeleteJobRequest,
    options: CallOptions,
  ): Promise<DeleteJobResponse> {
    requireUser(caller, "DeleteJob");
    const checked = options.forwarded === true ? given : this.#parts.validator.delete(given);
    const request = {
      ...checked,
      requestId: checked.requestId === "" ? this.#parts.newId() : checked.requestId,
    };
    const onLeader = (): Promise<DeleteJobResponse> => this.#deleteOnLeader(caller, request);
    return await this.#parts.routing.run(
      { caller, method: "deleteJob", effect: "write", request, onLeader },
      options,
    );
  }

  async #cancelOnLeader(
    caller: CallerIdentity,
    { jobId, reason, requestId, graceMs }: CancelJobRequest,
  ): Promise<CancelJobResponse> {
    const job = await findJob(this.#parts, jobId);
    if (job === undefined) throw new JobNotFoundError(jobId);
    requireOwner(caller, job);
    const result = await propose(
      this.#parts,
      "cancelled",
      { $case: "cancelJob", value: { jobId, reason, owner: ownerMeant(caller), graceMs } },
      scopedRequestId(caller, requestId),
    );
    const message = result.stopping === 0 ? "The job is cancelled." : "The running attempt is being stopped.";
    return { success: true, message, status: result.job.status };
  }

  /**
   * A job that is not there may have been deleted by an earlier try of this very request, which the
   * replicated table of request ids knows; so the question goes through the log all the same.
   */
  async #deleteOnLeader(
    caller: CallerIdentity,
    { jobId, requestId }: DeleteJobRequest,
  ): Promise<DeleteJobResponse> {
    const job = await findJob(this.#parts, jobId);
    if (job !== undefined) requireOwner(caller, job);
    await propose(
      this.#parts,
      "deleted",
      { $case: "deleteJob", value: { jobId, owner: ownerMeant(caller) } },
      scopedRequestId(caller, requestId),
    );
    return {};
  }
}
