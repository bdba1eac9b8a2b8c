import type { NodeId } from "../types.ts";

/**
 * Answer to `propose`. Accepted is not committed: wait for the entries in `committed` with this term,
 * or for a {@link DroppedProposal}. Refused means that nothing was appended anywhere.
 */
export type ProposeOutcome =
  | { readonly accepted: true; readonly firstIndex: number; readonly term: number }
  | { readonly accepted: false; readonly reason: ProposeRefusal; readonly leader: NodeId };

/**
 * `notLeader`: ask `leader`, if known. `transferring`: ask again after the transfer, within an election
 * timeout. `retiring`: this leader is removing itself; ask the next one. `tooMuchUncommitted`: slow down.
 * `empty`: there was nothing to propose.
 */
export type ProposeRefusal =
  "notLeader" | "transferring" | "retiring" | "tooMuchUncommitted" | "empty" | ChangeRefusal;

/**
 * Why a membership change is refused. To be asked again soon:
 * - `termNotCommitted`: the leader has not committed an entry of its own term yet;
 * - `changeInProgress`: one change at a time; the last one is uncommitted or joint.
 *
 * That nothing good would come of:
 * - `unknownNode`: not a member. `alreadyMember`: a member, of the kind asked for or another;
 * - `noVoterLeft`: the cluster would end. `invalidNode`: not a node id. `sameNodeTwice`: say it once;
 * - `notCaughtUp`: the learner lags more than an election timeout, or is silent; commits would wait for it;
 * - `quorumNotAlive`: the new voters that were heard from lately are no quorum; nothing would be committed.
 */
export type ChangeRefusal =
  | "termNotCommitted"
  | "changeInProgress"
  | "unknownNode"
  | "alreadyMember"
  | "noVoterLeft"
  | "invalidNode"
  | "sameNodeTwice"
  | "notCaughtUp"
  | "quorumNotAlive"
  | "empty";

/** Answer to `readIndex`. Accepted reads end in `readStates` or in `droppedReads`. */
export type ReadOutcome =
  | { readonly accepted: true; readonly forwardedTo: NodeId }
  | { readonly accepted: false; readonly reason: "noLeader" | "tooManyReads"; readonly leader: NodeId };

/** Answer to `transferLeadership`. Accepted transfers end in a `transferEnded` event. */
export type TransferOutcome =
  | { readonly accepted: true }
  | { readonly accepted: false; readonly reason: TransferRefusal; readonly leader: NodeId };

/** `alreadyLeader`: the target is this leader itself. `notVoter`: it does not vote, or is unknown. */
export type TransferRefusal = "notLeader" | "alreadyLeader" | "notVoter";

/**
 * Answer to `receiveSnapshot`. `keepsLog`: only the state is lost, and the log holds the snapshot's last entry, so
 * what follows it stays. `staleTerm`: the sender was deposed. `alreadyHeld`: the log covers the snapshot (the leader
 * is told; the stream may be ended). `busy`: another one is being installed. `tooOld`: the state is lost, and this
 * snapshot ends before the log begins; a later one will not.
 */
export type SnapshotDecision =
  | { readonly install: true; readonly keepsLog: boolean }
  | { readonly install: false; readonly reason: "staleTerm" | "alreadyHeld" | "busy" | "tooOld" };

/**
 * A change of one member. `addVoter` gives an empty node a vote at once, so commits may wait until it has
 * caught up; `addLearner`, then `promoteLearner`, does not (dissertation 4.2.1).
 */
export type MemberChange =
  | { readonly type: "addVoter"; readonly node: NodeId }
  | { readonly type: "addLearner"; readonly node: NodeId }
  | { readonly type: "promoteLearner"; readonly node: NodeId }
  | { readonly type: "removeNode"; readonly node: NodeId };

/**
 * One change of membership (dissertation 4.1), or several at once. Several pass through a joint
 * configuration if more than one voter comes or goes (4.3); the leader leaves it by itself.
 */
export type ConfChange = MemberChange | { readonly type: "joint"; readonly changes: readonly MemberChange[] };
