/** The promises that a run is held to. The first five are the Raft paper's, figure 3. */
export type Invariant =
  | "electionSafety"
  | "leaderAppendOnly"
  | "logMatching"
  | "leaderCompleteness"
  | "stateMachineSafety"
  /** A leader counts copies of entries of its own term only (5.4.2). */
  | "commitRule"
  /** One change of members at a time, and none before the leader's term has a commit (dissertation 4.1). */
  | "membershipRule"
  /** What is committed or acknowledged is durable on a quorum of disks at that moment. */
  | "durability"
  /** One vote for each term, and terms never fall, also across crashes (5.1, 5.2). */
  | "voteOnce"
  | "termsRise"
  /** A proposal reported as dropped has no effect, ever. */
  | "outcomes"
  | "linearizability"
  /** After healing, a proposal is committed and applied by all within bounded time. */
  | "progress"
  /** The core refused to go on: one of its own assertions. */
  | "coreAssertion";

/** A promise was broken. The message says by whom and where; the seed and step are added by the simulation. */
export class ViolationError extends Error {
  readonly code = "INVARIANT_VIOLATED";
  readonly category = "internal";
  readonly invariant: Invariant;

  constructor(invariant: Invariant, message: string, options?: ErrorOptions) {
    super(`${invariant}: ${message}`, options);
    this.name = "ViolationError";
    this.invariant = invariant;
  }
}
