import { SubmitJobRequest, type SubmitJobResponse } from "@coxswain/protocol";
import { CoxswainClientError } from "./errors.ts";

const maxRequestBytes = 3 * 1024 * 1024;

/** What a submit is handed to. */
export interface SubmitCarrier {
  /** Whether it has a connection; while it has none, nothing it was handed has gone. */
  readonly isConnected: boolean;
}

/** One submit on its way: the same request, with the same id, as often as it takes. */
export class PendingSubmit {
  readonly request: SubmitJobRequest;
  readonly sizeBytes: number;
  readonly deadlineMs: number;
  readonly #resolve: (response: SubmitJobResponse) => void;
  readonly #reject: (error: CoxswainClientError) => void;
  /** Attempts that ended without a lasting answer. */
  failures = 0;
  /** What takes it to a server right now. */
  carrier: SubmitCarrier | undefined;
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

  /** Whether a server may have done it. What waits for a connection has not left this machine. */
  get mayBeDone(): boolean {
    return this.unknown || this.carrier?.isConnected === true;
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
