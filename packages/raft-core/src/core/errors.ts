import { RaftError } from "../errors.ts";

/** A setting that Raft cannot work with. Names the field, what it was and what it may be. */
export class RaftConfigError extends RaftError {
  readonly code = "RAFT_CONFIG_INVALID" as const;
  readonly category = "invalid" as const;
}

/**
 * What a storage gave back does not fit together: a gap, terms that fall, a state machine ahead
 * of its log. The node must not start: an incomplete log may vote away what was acknowledged.
 */
export class RaftStateError extends RaftError {
  readonly code = "RAFT_STATE_INVALID" as const;
  readonly category = "internal" as const;
}

/**
 * A rule that can never break did: two leaders in a term, a committed entry about to be replaced,
 * a leader that counts on entries this node no longer holds. Fatal: stop the node, keep its disk.
 */
export class RaftInvariantError extends RaftError {
  readonly code = "RAFT_INVARIANT_BROKEN" as const;
  readonly category = "internal" as const;
}

/** Throws {@link RaftInvariantError} unless `holds`. For what only a bug or a lost disk can break. */
export function invariant(holds: boolean, message: () => string): asserts holds {
  if (!holds) throw new RaftInvariantError(message());
}
