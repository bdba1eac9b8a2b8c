import type { StateMachine } from "../contracts.ts";
import type { Entry } from "../types.ts";

/** A record of the session table, to be kept as it is. Keys are ASCII text below 64 characters. */
export interface SessionPair {
  readonly key: string;
  readonly value: Uint8Array;
}

/** What becomes of the record `key`; without a value it is removed. */
export interface SessionChange {
  readonly key: string;
  readonly value: Uint8Array | undefined;
}

/** The changes that belong to each entry of a batch, in order. Must be called once for each `apply`, with all results. */
export type SessionChanges<Result> = (results: readonly Result[]) => readonly (readonly SessionChange[])[];

/**
 * A state machine that keeps its state by itself, and the session table with it. The records are part of the state:
 * - written in the same atomic step as the state after their entry, so that a crash keeps both or neither;
 * - in `snapshot()`, and replaced by `restore()`;
 * - given back by {@link loadSessions}.
 */
export interface SessionedStateMachine<Result> extends StateMachine<Result> {
  /**
   * Like `StateMachine.apply`; with `sessionChanges`, which is there whenever `withSessions` calls, it asks for the changes
   * as soon as all results are known, and keeps them with the state.
   */
  apply(entries: readonly Entry[], sessionChanges?: SessionChanges<Result>): Promise<Result[]>;
  /** Every record as of `appliedIndex()`, in any order. Called at open and after `restore`. */
  loadSessions(): Iterable<SessionPair> | AsyncIterable<SessionPair>;
}

/** Whether the machine keeps the session table by itself. */
export function keepsSessions<Result>(
  machine: StateMachine<Result>,
): machine is SessionedStateMachine<Result> {
  return "loadSessions" in machine && typeof machine.loadSessions === "function";
}
