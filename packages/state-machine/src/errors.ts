/**
 * Failures of the store itself. Refusals of commands are results, not errors: see `results.ts`.
 */
import type { ErrorCategory } from "./results.ts";

/** What all errors of this package have in common. */
export abstract class JobStoreError extends Error {
  /** Stable; safe to compare. */
  abstract readonly code: string;
  abstract readonly category: ErrorCategory;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** The state on disk lacks a batch in the middle, or its records are damaged (G17): reinstall it from a peer. */
export class StateHoleError extends JobStoreError {
  readonly code = "STATE_HOLE";
  readonly category = "internal";
}

/** The state, or a command, needs a newer version of this software (G7). Fatal for the node. */
export class FeatureLevelError extends JobStoreError {
  readonly code = "FEATURE_LEVEL_UNSUPPORTED";
  readonly category = "unavailable";
}

/** An entry holds a command this version does not know (G7). Fatal for the node. */
export class UnknownCommandError extends JobStoreError {
  readonly code = "UNKNOWN_COMMAND";
  readonly category = "internal";
}

/** `apply` was called with an entry that does not follow the last one. Fatal for the node. */
export class EntryOrderError extends JobStoreError {
  readonly code = "ENTRY_ORDER";
  readonly category = "internal";
}

/** Writing the state failed earlier (see `cause`); the store answers nothing any more (G19). */
export class StoreFailedError extends JobStoreError {
  readonly code = "STORE_FAILED";
  readonly category = "internal";
}

/** The store is closed. */
export class StoreClosedError extends JobStoreError {
  readonly code = "STORE_CLOSED";
  readonly category = "unavailable";
}

/** A snapshot arrived incomplete or damaged; the old state stands. */
export class SnapshotDamagedError extends JobStoreError {
  readonly code = "SNAPSHOT_DAMAGED";
  readonly category = "unavailable";
}

/** The page token is not one of ours, or belongs to another filter: list again from the start. */
export class InvalidPageTokenError extends JobStoreError {
  readonly code = "INVALID_PAGE_TOKEN";
  readonly category = "invalid";
}

/** A query asks for something out of range, such as a page size of 0. */
export class InvalidQueryError extends JobStoreError {
  readonly code = "INVALID_QUERY";
  readonly category = "invalid";
}
