import { type BackoffSettings, backoffMs, pause } from "./backoff.ts";
import { clientClosed, gaveUp, isRetryable, isUnknownOutcome, refusedAfter } from "./errors.ts";

export interface RetryOptions {
  /** Instant after which nothing is tried any more, ms since the epoch. */
  readonly deadlineMs: number;
  /** Aborts when the client closes or the caller gives up. */
  readonly signal: AbortSignal;
  readonly backoff: BackoffSettings;
  /** Longest time that one attempt gets. */
  readonly attemptTimeoutMs: number;
  /** Whether an attempt may be repeated although it may have been done. False only where a repeat does more. */
  readonly repeatUnknown: boolean;
}

/**
 * Runs `attempt` until it succeeds, fails for good, or time is up. Each attempt gets the instant by which it must end.
 *
 * @throws CoxswainClientError; `unknown-outcome` if any attempt may have been done
 */
export async function retry<T>(
  attempt: (deadlineMs: number) => Promise<T>,
  options: RetryOptions,
): Promise<T> {
  let maybeDone = false;
  for (let attempts = 1; ; attempts += 1) {
    if (options.signal.aborted) throw clientClosed();
    try {
      return await attempt(Math.min(options.deadlineMs, Date.now() + options.attemptTimeoutMs));
    } catch (error) {
      maybeDone ||= isUnknownOutcome(error);
      if (!isRetryable(error)) throw refusedAfter(error, attempts, maybeDone);
      if (options.signal.aborted) throw clientClosed(maybeDone);
      const waitMs = backoffMs(attempts, options.backoff);
      const over = Date.now() + waitMs >= options.deadlineMs || (maybeDone && !options.repeatUnknown);
      if (over) throw gaveUp(error, attempts, maybeDone);
      await pause(waitMs, options.signal);
    }
  }
}
