import { InvalidOptionError } from "../node/errors.ts";
import type { ByteReader, ByteWriter } from "./bytes.ts";

/**
 * How much the cluster remembers for its sessions. The limits decide what is refused and which session expires, so
 * they are part of the replicated state and of no node's options: they change by an entry of the log (G6). At
 * worst the results take `maxSessions * maxOutstanding * maxResultBytes` of memory on every node, and some 256 bytes more
 * for each of them and for each session.
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

/** Bytes that all sessions together may need; more would be no snapshot's affair any more. */
const MAX_BYTES_IN_ALL = 1024 ** 3;
/** What a session, and each result that it keeps, takes besides the result's own bytes. */
const RECORD_BYTES = 256;

/**
 * Throws {@link InvalidOptionError} unless each is a whole number from 1 to its cap, and all that they allow takes at most
 * 1 GiB.
 */
export function checkLimits(limits: SessionLimits): void {
  for (const name of ["maxSessions", "maxOutstanding", "maxResultBytes"] as const) {
    if (isWithin(limits[name], SESSION_LIMIT_CAPS[name])) continue;
    throw new InvalidOptionError(
      `${name} must be a whole number from 1 to ${SESSION_LIMIT_CAPS[name]}, not ${limits[name]}.`,
    );
  }
  const { maxSessions, maxOutstanding, maxResultBytes } = limits;
  const inAll = maxSessions * (RECORD_BYTES + maxOutstanding * (RECORD_BYTES + maxResultBytes));
  if (inAll <= MAX_BYTES_IN_ALL) return;
  throw new InvalidOptionError(
    `The sessions would take up to ${inAll} bytes, ${RECORD_BYTES} besides each result among them, and may take ` +
      `${MAX_BYTES_IN_ALL}. Lower maxSessions, maxOutstanding or maxResultBytes.`,
  );
}

/** As an entry of the log and a record of the table hold them. */
export function writeLimits(writer: ByteWriter, limits: SessionLimits): ByteWriter {
  return writer.number(limits.maxSessions).number(limits.maxOutstanding).number(limits.maxResultBytes);
}

/** Reads what {@link writeLimits} wrote; whether they may be is for {@link checkLimits}. */
export function readLimits(reader: ByteReader): SessionLimits {
  return {
    maxSessions: reader.number(),
    maxOutstanding: reader.number(),
    maxResultBytes: reader.number(),
  };
}

function isWithin(value: number, cap: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= cap;
}
