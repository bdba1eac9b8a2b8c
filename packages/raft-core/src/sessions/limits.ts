import { InvalidOptionError } from "../node/errors.ts";

/**
 * How much the cluster remembers for its sessions. The limits decide what is refused and which session expires, so
 * they are part of the replicated state and of no node's options: they change by an entry of the log (G6). At
 * worst the results take `maxSessions * maxOutstanding * maxResultBytes` of memory on every node.
 */
export interface SessionLimits {
  /** Sessions at a time. One more lets the least recently used expire. Default 1,024. */
  readonly maxSessions: number;
  /** How far a session's serials may reach beyond its first unanswered one; so many results are kept. Default 128. */
  readonly maxOutstanding: number;
  /** Encoded bytes of one result. A larger one is given once, and not kept for repetitions. Default 1,024. */
  readonly maxResultBytes: number;
}

/** In force until an entry of the log sets others. Changing them here changes the meaning of logs (G7). */
export const DEFAULT_SESSION_LIMITS: SessionLimits = Object.freeze({
  maxSessions: 1_024,
  maxOutstanding: 128,
  maxResultBytes: 1_024,
});

/** The highest that an entry may set. */
export const SESSION_LIMIT_CAPS: SessionLimits = Object.freeze({
  maxSessions: 1_000_000,
  maxOutstanding: 4_096,
  maxResultBytes: 1_048_576,
});

/** Bytes of results that all sessions together may need; more would be no snapshot's affair any more. */
const MAX_RESULT_BYTES_IN_ALL = 1024 ** 3;

/** Throws {@link InvalidOptionError} unless each is a whole number from 1 to its cap, and their product at most 1 GiB. */
export function checkLimits(limits: SessionLimits): void {
  for (const name of ["maxSessions", "maxOutstanding", "maxResultBytes"] as const) {
    if (isWithin(limits[name], SESSION_LIMIT_CAPS[name])) continue;
    throw new InvalidOptionError(
      `${name} must be a whole number from 1 to ${SESSION_LIMIT_CAPS[name]}, not ${limits[name]}.`,
    );
  }
  const inAll = limits.maxSessions * limits.maxOutstanding * limits.maxResultBytes;
  if (inAll <= MAX_RESULT_BYTES_IN_ALL) return;
  throw new InvalidOptionError(
    `maxSessions * maxOutstanding * maxResultBytes may be ${MAX_RESULT_BYTES_IN_ALL}, not ${inAll}. Lower one of them.`,
  );
}

function isWithin(value: number, cap: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= cap;
}
