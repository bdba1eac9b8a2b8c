/**
 * Why a node may not found or join: each is fatal for the start and says what to do next.
 */
import type { ErrorCategory } from "../errors.ts";
import { RaftError } from "../errors.ts";
import type { NodeId } from "../types.ts";
import type { PeerIdentity } from "./identity.ts";

/** The base of all refusals of founding. */
export abstract class FoundingError extends RaftError {
  readonly category: ErrorCategory = "conflict";
}

/** A cluster exists and knows this node by another disk: it may have voted and acknowledged on it (G1). */
export class WipedNodeError extends FoundingError {
  readonly code = "WIPED_NODE";

  constructor(id: NodeId, peer: PeerIdentity) {
    super(
      `node ${id} has a data directory that cluster ${peer.clusterId} does not know: node ${peer.id} says node ${id} had another disk. ` +
        `Start it with its former data directory; if that is lost, remove node ${id} from the cluster and add this one under a new id. ` +
        `It must not vote again as node ${id}: it may have forgotten what it acknowledged.`,
    );
  }
}

/** A peer belongs to a cluster that does not name this node. */
export class NotAMemberError extends FoundingError {
  readonly code = "NOT_A_MEMBER";

  constructor(id: NodeId, peer: PeerIdentity) {
    super(
      `node ${peer.id} belongs to cluster ${peer.clusterId} of node(s) ${peer.members.map((member) => member.id).join(", ")}, which does not include node ${id}. ` +
        `If node ${peer.id} was started without --peers by mistake and founded that cluster alone, stop it, empty its data directory and start it with --peers; ` +
        `otherwise add node ${id} to the cluster as a new member.`,
    );
  }
}

/** Two clusters claim this node. */
export class RivalClustersError extends FoundingError {
  readonly code = "RIVAL_CLUSTERS";

  constructor(id: NodeId, first: PeerIdentity, second: PeerIdentity) {
    super(
      `node ${id} is claimed by two clusters: ${first.clusterId} (told by node ${first.id}) and ${second.clusterId} (told by node ${second.id}). ` +
        `One data directory was probably copied. Stop the cluster you do not want, empty its data directories, then start node ${id} again.`,
    );
  }
}

/** Two nodes about to found a cluster were told of different members. */
export class PeersMismatchError extends FoundingError {
  readonly code = "PEERS_MISMATCH";

  constructor(id: NodeId, own: readonly NodeId[], peer: PeerIdentity) {
    super(
      `node ${id} was told of members ${own.join(", ")}, but node ${peer.id} of ${peer.configured.join(", ")}. ` +
        `Start every member with the same set of ids (its own and all of --peers).`,
    );
  }
}

/** The node at a peer's address is another one than configured. */
export class WrongPeerError extends FoundingError {
  readonly code = "WRONG_PEER";

  constructor(expected: NodeId, address: string, actual: NodeId) {
    super(
      `node ${actual} answers at ${address}, where --peers names node ${expected}. Correct the id or the address in --peers.`,
    );
  }
}

/** Two nodes have the same uuid: a data directory was copied. */
export class DuplicateIdentityError extends FoundingError {
  readonly code = "DUPLICATE_IDENTITY";

  constructor(first: NodeId, second: NodeId) {
    super(
      `nodes ${first} and ${second} have the same uuid: one data directory is a copy of the other. ` +
        `Empty the data directory of the one that is the copy.`,
    );
  }
}

/** `--peers` cannot describe a cluster. */
export class InvalidPeersError extends FoundingError {
  readonly code = "INVALID_PEERS";
  override readonly category = "invalid";
}

/** The data directory belongs to another node of the cluster. */
export class IdentityMismatchError extends FoundingError {
  readonly code = "IDENTITY_MISMATCH";

  constructor(id: NodeId, clusterId: string, owner: NodeId | undefined) {
    const whose = owner === undefined ? "to no member" : `to node ${owner}`;
    super(
      `the data directory belongs ${whose} of cluster ${clusterId}, but this node was started as node ${id}. ` +
        `Start it with the id or the data directory that match.`,
    );
  }
}

/** The start was called off before the cluster was founded. */
export class FoundingAbortedError extends FoundingError {
  readonly code = "FOUNDING_ABORTED";
  override readonly category = "unavailable";

  constructor(id: NodeId, waitingFor: readonly NodeId[], cause: unknown) {
    const missing =
      waitingFor.length === 0 ? "" : ` It was waiting for node(s) ${waitingFor.join(", ")}: start them.`;
    super(`node ${id} was stopped before its cluster was founded.${missing}`, { cause });
  }
}
