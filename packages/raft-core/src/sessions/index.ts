/**
 * Sessions: a proposal that is sent again applies once (dissertation 6.3). {@link withSessions} goes around the state machine
 * of every node; a {@link Session} numbers the proposals of one client, and sends each until it knows how it ended.
 */
export type { SessionChange, SessionChanges, SessionedStateMachine, SessionPair } from "./contracts.ts";
export type { SessionPropose } from "./delivery.ts";
export {
  decodeSessionEntry,
  encodeSessionEntry,
  isSessionEntry,
  type SessionCommand,
  type SessionEntry,
} from "./entry.ts";
export {
  SessionBusyError,
  SessionClosedError,
  SessionEntryError,
  SessionExpiredError,
  SessionOutcomeUnknownError,
  SessionResultNotKeptError,
  SessionSerialStaleError,
  SessionSnapshotError,
  SessionsNotKeptError,
  SessionTableError,
  SessionWindowFullError,
} from "./errors.ts";
export { KeptSessions } from "./kept-sessions.ts";
export { DEFAULT_SESSION_LIMITS, SESSION_LIMIT_CAPS, type SessionLimits } from "./limits.ts";
export {
  jsonResults,
  type ResultCodec,
  resultOrThrow,
  type SessionRefusal,
  type SessionResult,
} from "./results.ts";
export { Session } from "./session.ts";
export type { SessionCallOptions, SessionOptions } from "./session-options.ts";
export type { SessionStateMachine, SessionStatus } from "./session-state-machine.ts";
export { withSessions, type WithSessionsOptions } from "./with-sessions.ts";
