/** What sessions throw. Each message says what to do next. */
import { RaftError } from "../errors.ts";

/** Bytes that begin like a session's entry and are none. Nothing was proposed or applied; build entries with `encodeSessionEntry`. */
export class SessionEntryError extends RaftError {
  readonly code = "SESSION_ENTRY_INVALID" as const;
  readonly category = "invalid" as const;
}

/**
 * The cluster does not know this session any more: others, used more recently, took its place. Whether proposals of it
 * that were never answered were applied cannot be known; none of them will be from now on. Open another session.
 */
export class SessionExpiredError extends RaftError {
  readonly code = "SESSION_EXPIRED" as const;
  readonly category = "unknown-outcome" as const;
  /** False when this very proposal is known not to have been applied: it may be proposed again on another session. */
  readonly mayHaveBeenApplied: boolean;

  constructor(mayHaveBeenApplied: boolean, options?: ErrorOptions) {
    super(
      mayHaveBeenApplied
        ? "The session expired before this proposal was answered: it may have been applied, and will not be from now on. Read the state, then open another session."
        : "The session expired, and this proposal was not applied. Propose it on another session.",
      options,
    );
    this.mayHaveBeenApplied = mayHaveBeenApplied;
  }
}

/** The session has said before that it knows how this serial ended. It is a late copy, or two clients use one session. Nothing was applied now. */
export class SessionSerialStaleError extends RaftError {
  readonly code = "SESSION_SERIAL_STALE" as const;
  readonly category = "conflict" as const;
}

/** The proposal was applied, once; its result was above `maxResultBytes`, so that a repetition cannot be told it. Read the state. */
export class SessionResultNotKeptError extends RaftError {
  readonly code = "SESSION_RESULT_NOT_KEPT" as const;
  readonly category = "conflict" as const;
}

/** The serial lies too far beyond the first unanswered one. Nothing was applied; try again when earlier ones were answered. */
export class SessionWindowFullError extends RaftError {
  readonly code = "SESSION_WINDOW_FULL" as const;
  readonly category = "exhausted" as const;
}

/** Too many proposals wait for their turn in this session. Nothing was proposed; try again when some have ended. */
export class SessionBusyError extends RaftError {
  readonly code = "SESSION_BUSY" as const;
  readonly category = "exhausted" as const;
}

/** The session was closed. Nothing was proposed, or what was is known to have had no effect; open another session. */
export class SessionClosedError extends RaftError {
  readonly code = "SESSION_CLOSED" as const;
  readonly category = "unavailable" as const;
}

/** The session stopped asking, for the reason in `cause`, before it knew how the proposal ended: it may have been applied, once. */
export class SessionOutcomeUnknownError extends RaftError {
  readonly code = "SESSION_OUTCOME_UNKNOWN" as const;
  readonly category = "unknown-outcome" as const;

  constructor(cause: unknown) {
    super("Nobody waits for this proposal any more, and it may have been applied, once. Read the state.", {
      cause,
    });
  }
}

/** A snapshot does not begin with a session table that can be read. The old state stands; have another sent. */
export class SessionSnapshotError extends RaftError {
  readonly code = "SESSION_SNAPSHOT_DAMAGED" as const;
  readonly category = "invalid" as const;
}

/** The session table that the state machine keeps cannot be read. Remove this node's state, so that a peer sends its own. */
export class SessionTableError extends RaftError {
  readonly code = "SESSION_TABLE_DAMAGED" as const;
  readonly category = "internal" as const;
}

/**
 * The state machine survives a restart and the sessions would not, so that a repeated proposal would apply twice.
 * Implement `SessionedStateMachine`, or keep the snapshots of the machine that `withSessions` gives.
 */
export class SessionsNotKeptError extends RaftError {
  readonly code = "SESSIONS_NOT_KEPT" as const;
  readonly category = "invalid" as const;
}
