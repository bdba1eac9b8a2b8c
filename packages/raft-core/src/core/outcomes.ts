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
 * timeout. `tooMuchUncommitted`: slow down. `empty`: there was nothing to propose. `unsupported`: not built yet.
 */
export type ProposeRefusal = "notLeader" | "transferring" | "tooMuchUncommitted" | "empty" | "unsupported";

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
 * Answer to `receiveSnapshot`. `staleTerm`: the sender was deposed. `alreadyHeld`: the log covers the
 * snapshot (the leader is told; the stream may be ended). `busy`: another one is being installed.
 */
export type SnapshotDecision =
  | { readonly install: true }
  | { readonly install: false; readonly reason: "staleTerm" | "alreadyHeld" | "busy" };

/** One change of membership at a time (dissertation 4.1); a joint change comes later (4.3). */
export type ConfChange =
  | { readonly type: "addVoter"; readonly node: NodeId }
  | { readonly type: "addLearner"; readonly node: NodeId }
  | { readonly type: "removeNode"; readonly node: NodeId };
