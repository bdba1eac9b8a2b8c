import type { Clock } from "../contracts.ts";
import { InvalidOptionError } from "../node/errors.ts";
import type { DeliveryParts, SessionPropose } from "./delivery.ts";

/** How a `Session` tries again, and what it limits. */
export interface SessionOptions {
  readonly clock: Clock;
  /** From 0 to below 1; spreads retries. */
  readonly random: () => number;
  /** Pause before the next try, doubling with each failure in a row, less a random part of up to half. Default 20 to 1,000. */
  readonly retryMs?: { readonly min: number; readonly max: number };
  /**
   * How long one try may be silent before the next. Default 5,000. Longer than an election and a round trip, or tries
   * overlap, which costs entries in the log and nothing else.
   */
  readonly attemptTimeoutMs?: number;
  /** Proposals under way at a time. Default, and at most: the cluster's `maxOutstanding` when the session was opened. */
  readonly maxOutstanding?: number;
  /** Proposals that may wait for their turn. Default 1,024. */
  readonly maxWaiting?: number;
}

/** Ends the waiting of one call. */
export interface SessionCallOptions {
  readonly signal?: AbortSignal;
}

export interface ResolvedSessionOptions<Result> extends DeliveryParts<Result> {
  readonly maxOutstanding: number;
  readonly maxWaiting: number;
}

const DEFAULTS = {
  retryMs: { min: 20, max: 1_000 },
  attemptTimeoutMs: 5_000,
  maxOutstanding: Number.MAX_SAFE_INTEGER,
  maxWaiting: 1_024,
};

/** Throws `InvalidOptionError` for what cannot work. */
export function resolveSessionOptions<Result>(
  propose: SessionPropose<Result>,
  options: SessionOptions,
): ResolvedSessionOptions<Result> {
  const resolved = { ...DEFAULTS, ...options, propose };
  const { maxOutstanding, maxWaiting, attemptTimeoutMs, retryMs } = resolved;
  requireAtLeastOne({ maxOutstanding, maxWaiting, attemptTimeoutMs, "retryMs.min": retryMs.min });
  if (retryMs.max >= retryMs.min) return resolved;
  throw new InvalidOptionError(`retryMs.max must not be below retryMs.min, which is ${retryMs.min}.`);
}

function requireAtLeastOne(options: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(options)) {
    if (value >= 1) continue;
    throw new InvalidOptionError(`${name} must be 1 or more, not ${value}.`);
  }
}
