import type { StateMachine } from "../contracts.ts";
import { keepsSessions } from "./contracts.ts";
import { SessionsNotKeptError } from "./errors.ts";
import { InnerKeptSessions } from "./inner-kept-sessions.ts";
import { tableOf } from "./records.ts";
import type { ResultCodec } from "./results.ts";
import type { SessionStateMachine } from "./session-state-machine.ts";
import { SnapshotKeptSessions } from "./snapshot-kept-sessions.ts";
import { SessionTable } from "./table.ts";

/** What a state machine with sessions is made of. */
export interface WithSessionsOptions<Result> {
  /** How results are kept for repetitions. */
  readonly results: ResultCodec<Result>;
}

/**
 * A state machine that applies each proposal of a session once, however often it is in the log (dissertation 6.3).
 * It answers a repetition with the first result, and hands every entry on to `inner`, in order: proposals of sessions and
 * `plain` ones without their envelope, others as they are, and a noop in place of what is not for it.
 *
 * The sessions live as long as the state:
 * - A machine that keeps its state by itself must keep the sessions with it: see `SessionedStateMachine`. One that is
 *   found not to is refused, here or at its first batch, with {@link SessionsNotKeptError}.
 * - For any other (its state is empty here, and `durable()` says no more than was restored) the sessions travel in the
 *   snapshots of the machine given back: restore and keep those.
 *
 * Do it on every node from the same entry of the log on, or the states differ; raise the feature level for it (G7).
 * Also rejects with `SessionTableError`.
 */
export async function withSessions<Result>(
  inner: StateMachine<Result>,
  { results }: WithSessionsOptions<Result>,
): Promise<SessionStateMachine<Result>> {
  if (keepsSessions(inner)) return new InnerKeptSessions(inner, results, await tableOf(inner.loadSessions()));
  const [applied, durable] = [inner.appliedIndex(), inner.durable().index];
  if (applied === 0 && durable === 0) return new SnapshotKeptSessions(inner, results, new SessionTable());
  throw new SessionsNotKeptError(
    `The state machine holds a state up to entry ${Math.max(applied, durable)} and no sessions. Let it implement SessionedStateMachine, or open it empty and restore a snapshot that withSessions took.`,
  );
}
