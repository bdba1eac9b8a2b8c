import { SubmitJobRequest, type SubmitJobResponse } from "@coxswain/protocol";
import { CoxswainClientError } from "./errors.ts";

const maxRequestBytes = 3 * 1024 * 1024;

/** One submit on its way: the same request, with the same id, as often as it takes. */
export class PendingSubmit {
  readonly request: SubmitJobRequest;
  readonly sizeBytes: number;
  readonly deadlineMs: number;
  readonly #resolve: (response: SubmitJobResponse) => void;
  readonly #reject: (error: CoxswainClientError) => void;
  /** Attempts that ended without a lasting answer. */
  failures = 0;
  /** On its way right now. */
  sent = false;
  /** Some attempt ended without anyone knowing whether it was done. */
  unknown = false;
  lastError: unknown;
  settled = false;

  /** @throws CoxswainClientError when no server would take a message of this size */
  constructor(
    request: SubmitJobRequest,
    deadlineMs: number,
    resolve: (response: SubmitJobResponse) => void,
    reject: (error: CoxswainClientError) => void,
  ) {
    this.request = request;
    this.sizeBytes = SubmitJobRequest.encode(request).finish().length;
    this.deadlineMs = deadlineMs;
    this.#resolve = resolve;
    this.#reject = reject;
    if (this.sizeBytes > maxRequestBytes) {
      throw new CoxswainClientError(
        "REQUEST_TOO_LARGE",
        "invalid",
        `The job is ${String(this.sizeBytes)} bytes: at most ${String(maxRequestBytes)} can be sent.`,
      );
    }
  }

  resolve(response: SubmitJobResponse): void {
    this.settled = true;
    this.#resolve(response);
  }

  reject(error: CoxswainClientError): void {
    this.settled = true;
    this.#reject(error);
  }
}
