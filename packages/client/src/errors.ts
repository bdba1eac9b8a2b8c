import { type CategorizedError, type ErrorCategory, RemoteError, isCategorizedError } from "@coxswain/rpc";

/**
 * Every failure that this client reports. `code` is stable and says which one; `category` says what it means:
 * `unknown-outcome` is the one after which the request may have been done.
 */
export class CoxswainClientError extends Error implements CategorizedError {
  readonly code: string;
  readonly category: ErrorCategory;

  constructor(code: string, category: ErrorCategory, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "CoxswainClientError";
    this.code = code;
    this.category = category;
  }
}

/** What `error` is to a user of this client. */
export function clientError(error: unknown): CoxswainClientError {
  if (error instanceof CoxswainClientError) return error;
  if (isCategorizedError(error))
    return new CoxswainClientError(error.code, error.category, error.message, { cause: error });
  const message = error instanceof Error ? error.message : String(error);
  return new CoxswainClientError("CLIENT_FAILED", "internal", message, { cause: error });
}

/** The end of all retries: what the last error was, and whether any attempt may have got through. */
export function gaveUp(last: unknown, attempts: number, maybeDone: boolean): CoxswainClientError {
  const { code, category, message } = clientError(last);
  const tries = attempts === 1 ? "1 attempt" : `${String(attempts)} attempts`;
  if (!maybeDone)
    return new CoxswainClientError(code, category, `${message} (gave up after ${tries})`, { cause: last });
  const text = `The outcome is unknown after ${tries}: ${message} Repeat it with the same id, or look with status.`;
  return new CoxswainClientError(
    category === "unknown-outcome" ? code : "OUTCOME_UNKNOWN",
    "unknown-outcome",
    text,
    { cause: last },
  );
}

/** `maybeDone` when something was on its way that nobody waits for any more. */
export function clientClosed(maybeDone = false): CoxswainClientError {
  if (!maybeDone)
    return new CoxswainClientError(
      "CLIENT_CLOSED",
      "unavailable",
      "This client is closed: connect a new one.",
    );
  const message = "This client was closed before the answer came: the outcome is unknown.";
  return new CoxswainClientError("CLIENT_CLOSED", "unknown-outcome", message);
}

/** Whether another attempt with the same id is safe and may help. */
export function isRetryable(error: unknown): boolean {
  return (
    isCategorizedError(error) && (error.category === "unavailable" || error.category === "unknown-outcome")
  );
}

/** Whether the request may have been done although it failed. */
export function isUnknownOutcome(error: unknown): boolean {
  return isCategorizedError(error) && error.category === "unknown-outcome";
}

/**
 * What a refusal means to a request of which an earlier attempt may have been done. Being turned away for load or by a
 * fault says nothing about that attempt; any other refusal was made in its knowledge.
 */
export function refusedAfter(error: unknown, attempts: number, maybeDone: boolean): CoxswainClientError {
  const refused = clientError(error);
  const inconclusive = refused.category === "exhausted" || refused.category === "internal";
  return maybeDone && inconclusive ? gaveUp(error, attempts, true) : refused;
}

/** The leader's address, where the answering server told it. */
export function leaderOf(error: unknown): string | undefined {
  return error instanceof RemoteError ? error.leader : undefined;
}
