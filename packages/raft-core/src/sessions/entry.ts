/**
 * What a log entry says to the sessions:
 *
 *     entry    = F5 'S' 'E' 'S' · version (1) · kind · fields
 *     plain    = 0 · payload                   for the state machine, whatever it looks like
 *     register = 1                             the index of this entry is the session's id (dissertation 6.3)
 *     command  = 2 · session · serial · serial - first unanswered serial · payload
 *     end      = 3 · session
 *     limits   = 4 · maxSessions · maxOutstanding · maxResultBytes
 *
 * Numbers are as in `bytes.ts`. No UTF-8 text begins with F5, so that text and JSON need no `plain` around them. A new version
 * needs a higher feature level, since releases that do not know it refuse what others would apply (G7).
 */
import { ByteReader, ByteWriter } from "./bytes.ts";
import { SessionEntryError } from "./errors.ts";
import { checkLimits, readLimits, type SessionLimits, writeLimits } from "./limits.ts";

/** One proposal of a session. */
export interface SessionCommand {
  readonly kind: "command";
  readonly session: number;
  /** From 1 on; one serial names one proposal, however often it is sent. */
  readonly serial: number;
  /** The session knows how every serial below this one ended: their results may be forgotten. */
  readonly firstUnanswered: number;
  readonly payload: Uint8Array;
}

/** What a log entry says to the sessions. */
export type SessionEntry =
  | { readonly kind: "plain"; readonly payload: Uint8Array }
  | { readonly kind: "register" }
  | SessionCommand
  | { readonly kind: "end"; readonly session: number }
  | { readonly kind: "limits"; readonly limits: SessionLimits };

const MAGIC = Uint8Array.of(0xf5, 0x53, 0x45, 0x53);
const VERSION = 1;
/** What comes before a payload takes no more: three numbers of at most eight bytes. */
const MAX_HEAD_BYTES = MAGIC.length + 2 + 3 * 8;
const KINDS = ["plain", "register", "command", "end", "limits"] as const;

/** The bytes to propose. Throws `InvalidOptionError` on limits that cannot be set. */
export function encodeSessionEntry(entry: SessionEntry): Uint8Array {
  const payloadBytes = "payload" in entry ? entry.payload.length : 0;
  const writer = new ByteWriter(MAX_HEAD_BYTES + payloadBytes)
    .raw(MAGIC)
    .byte(VERSION)
    .byte(KINDS.indexOf(entry.kind));
  switch (entry.kind) {
    case "register":
      return writer.done();
    case "plain":
      return writer.raw(entry.payload).done();
    case "end":
      return writer.number(entry.session).done();
    case "command": {
      const { session, serial, firstUnanswered, payload } = entry;
      const distance = serial - firstUnanswered;
      return writer.number(session).number(serial).number(distance).raw(payload).done();
    }
    case "limits":
      checkLimits(entry.limits);
      return writeLimits(writer, entry.limits).done();
  }
}

/** Whether the bytes speak to the sessions, and not to the state machine alone. */
export function isSessionEntry(bytes: Uint8Array): boolean {
  // Asked of every entry: the first byte alone tells text apart.
  return bytes[0] === MAGIC[0] && MAGIC.every((byte, at) => bytes[at] === byte);
}

/**
 * Reads bytes for which {@link isSessionEntry} holds; check with it what strangers want to have proposed, such as
 * other kinds than `register`, `command` and `end`. Payloads are views, not copies. Throws {@link SessionEntryError}.
 */
export function decodeSessionEntry(bytes: Uint8Array): SessionEntry {
  if (!isSessionEntry(bytes)) throw malformed("it begins otherwise");
  const reader = new ByteReader(bytes.subarray(MAGIC.length), malformed);
  const version = reader.byte();
  if (version !== VERSION) throw malformed(`version ${version} is not known to this release`);
  const kind = KINDS[reader.byte()];
  if (kind === undefined) throw malformed("its kind is not known to this release");
  const entry = readFields(kind, reader);
  reader.end();
  return entry;
}

function readFields(kind: (typeof KINDS)[number], reader: ByteReader): SessionEntry {
  switch (kind) {
    case "register":
      return { kind };
    case "plain":
      return { kind, payload: reader.rest() };
    case "end":
      return { kind, session: reader.number() };
    case "command":
      return readCommand(reader);
    case "limits":
      return { kind, limits: readValidLimits(reader) };
  }
}

function readCommand(reader: ByteReader): SessionCommand {
  const [session, serial, distance] = [reader.number(), reader.number(), reader.number()];
  if (serial < 1 || distance >= serial) throw malformed("serials begin at 1");
  return { kind: "command", session, serial, firstUnanswered: serial - distance, payload: reader.rest() };
}

function readValidLimits(reader: ByteReader): SessionLimits {
  const limits = readLimits(reader);
  try {
    checkLimits(limits);
  } catch (cause) {
    throw new SessionEntryError("A session's entry sets limits that cannot be. Nothing was changed.", {
      cause,
    });
  }
  return limits;
}

function malformed(why: string): SessionEntryError {
  return new SessionEntryError(
    `These bytes are no entry of a session: ${why}. Nothing was proposed or applied.`,
  );
}
