/**
 * What can go wrong with a data directory. Each message names the directory and the way back.
 */

import { fieldOf } from "./foreign-error.ts";

/** The base of all errors of this package. */
export abstract class RaftLevelError extends Error {
  abstract readonly code: string;
  abstract readonly category: "invalid" | "conflict" | "unavailable" | "internal";

  /** The class's name. */
  override get name(): string {
    return this.constructor.name;
  }
}

const WAY_BACK =
  "Keep the directory for inspection. Either restore it from a copy taken while the node was stopped for the last time, " +
  "or remove the node from the cluster and add it again under a new id with an empty directory; never empty it and go on under the same id.";

/** The log has a gap, a bad record or a missing file (G16): what this node acknowledged is not all there. */
export class LogDamagedError extends RaftLevelError {
  readonly code = "LOG_DAMAGED";
  readonly category = "internal";

  constructor(directory: string, what: string, options?: ErrorOptions) {
    super(`the log in ${directory} is damaged: ${what}. ${WAY_BACK}`, options);
  }
}

/** The node has been here before, but its log has not. */
export class LogMissingError extends RaftLevelError {
  readonly code = "LOG_MISSING";
  readonly category = "internal";

  constructor(directory: string) {
    super(`there is no log in ${directory}, but this node has had one. ${WAY_BACK}`);
  }
}

/** The directory holds a log of a later version, or no log at all. */
export class LogFormatError extends RaftLevelError {
  readonly code = "LOG_FORMAT_UNSUPPORTED";
  readonly category = "invalid";

  constructor(directory: string, found: string) {
    super(
      `${directory} does not hold a log that this version reads (${found}). Name another directory, or use the version that wrote it.`,
    );
  }
}

/** Another process, or another part of this one, has the directory open. */
export class DirectoryLockedError extends RaftLevelError {
  readonly code = "DIRECTORY_LOCKED";
  readonly category = "conflict";

  constructor(directory: string, options?: ErrorOptions) {
    super(
      `another process uses this data directory: ${directory}. Stop that process, or give this node a directory of its own.`,
      options,
    );
  }
}

/** The log is there, but the file that says whose it is is not. */
export class IdentityMissingError extends RaftLevelError {
  readonly code = "IDENTITY_MISSING";
  readonly category = "internal";

  constructor(directory: string) {
    super(
      `there is a log in ${directory}, but not the identity of the node that wrote it. Restore identity.json from a copy of this very node; ` +
        `if there is none, remove the node from the cluster and add it again under a new id with an empty directory.`,
    );
  }
}

/** The disk failed, or is full: the storage acknowledges nothing any more (G19). What it had acknowledged is kept. */
export class StorageFailedError extends RaftLevelError {
  readonly code = "STORAGE_FAILED";
  readonly category = "internal";

  constructor(path: string, cause: unknown) {
    super(
      `the disk failed under ${path} (${String(fieldOf(cause, "message") ?? cause)}); nothing after that is durable, all that was acknowledged before is kept. ` +
        `Check the disk and the room on it, then restart the node.`,
      { cause },
    );
  }
}

/** The storage was closed. */
export class StorageClosedError extends RaftLevelError {
  readonly code = "STORAGE_CLOSED";
  readonly category = "unavailable";

  constructor(directory: string) {
    super(`the log in ${directory} is closed: open it again`);
  }
}

/** The caller broke the contract of the log: a batch does not follow from what is stored. */
export class InvalidAppendError extends RaftLevelError {
  readonly code = "INVALID_APPEND";
  readonly category = "invalid";
}

/** The identity file cannot be trusted. */
export class IdentityDamagedError extends RaftLevelError {
  readonly code = "IDENTITY_DAMAGED";
  readonly category = "internal";

  constructor(file: string, what: string, options?: ErrorOptions) {
    super(
      `the identity in ${file} is damaged: ${what}. Restore the file from a copy of this very node; ` +
        `if there is none, remove the node from the cluster and add it again under a new id with an empty directory.`,
      options,
    );
  }
}

/** The file with the newest saved state cannot be trusted. */
export class SnapshotDamagedError extends RaftLevelError {
  readonly code = "SNAPSHOT_FILE_DAMAGED";
  readonly category = "internal";

  constructor(file: string, what: string, options?: ErrorOptions) {
    super(
      `the state in ${file} is damaged: ${what}. Move the file away and start again: the state is made anew from the log ` +
        `where that reaches back to the beginning, and otherwise comes from a leader (see the event stateLost).`,
      options,
    );
  }
}
