/**
 * The session table as records, for whoever keeps it:
 *
 *     limits                  version (1) · maxSessions · maxOutstanding · maxResultBytes     absent: the defaults
 *     session/<id>            version (1) · last used index · first unanswered serial
 *     result/<id>/<serial>    version (1) · 0 kept, 1 too large · the encoded result
 */
import { ByteReader, ByteWriter } from "./bytes.ts";
import { SessionTableError } from "./errors.ts";
import { checkLimits, readLimits, SESSION_LIMIT_CAPS, type SessionLimits, writeLimits } from "./limits.ts";
import type { KeptResult, SessionRecord } from "./table.ts";

const VERSION = 1;
const KEPT = 0;
const TOO_LARGE = 1;

/** Reads what follows the version. */
export function recordReader(key: string, value: Uint8Array): ByteReader {
  const reader = new ByteReader(value, (why) => damaged(key, why));
  if (reader.byte() !== VERSION) throw damaged(key, "its version is not known to this release");
  return reader;
}

export function sessionKey(id: number): string {
  return `session/${id}`;
}

export function resultKey(id: number, serial: number): string {
  return `result/${id}/${serial}`;
}

export function numberOf(text: string, key: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1 || String(value) !== text)
    throw damaged(key, "its key cannot be read");
  return value;
}

export function encodeLimits(limits: SessionLimits): Uint8Array {
  return writeLimits(new ByteWriter().byte(VERSION), limits).done();
}

export function decodeLimits(reader: ByteReader): SessionLimits {
  const limits = readLimits(reader);
  try {
    checkLimits(limits);
  } catch (cause) {
    throw damaged("limits", "they cannot be", cause);
  }
  return limits;
}

export function encodeSession({ lastUsedIndex, firstUnanswered }: SessionRecord): Uint8Array {
  return new ByteWriter().byte(VERSION).number(lastUsedIndex).number(firstUnanswered).done();
}

export function decodeSession(id: number, reader: ByteReader): SessionRecord {
  return { id, lastUsedIndex: reader.number(), firstUnanswered: reader.number(), results: new Map() };
}

export function encodeResult({ state, encoded }: KeptResult): Uint8Array {
  return new ByteWriter()
    .byte(VERSION)
    .byte(state === "kept" ? KEPT : TOO_LARGE)
    .raw(encoded)
    .done();
}

export function decodeResult(reader: ByteReader, key: string): KeptResult {
  const state = reader.byte();
  if (state !== KEPT && state !== TOO_LARGE) throw damaged(key, "its state cannot be read");
  const encoded = reader.rest().slice();
  if (encoded.length > (state === KEPT ? SESSION_LIMIT_CAPS.maxResultBytes : 0))
    throw damaged(key, "it is too large");
  return { state: state === KEPT ? "kept" : "tooLarge", encoded };
}

export function damaged(key: string, why: string, cause?: unknown): SessionTableError {
  return new SessionTableError(
    `The record "${key}" of the session table cannot be read: ${why}. Remove this node's state, so that a peer sends its own.`,
    { cause },
  );
}
