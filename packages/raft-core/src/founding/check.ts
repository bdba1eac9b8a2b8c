/**
 * What must hold between the configuration and the answers before a cluster may be founded.
 */
import type { NodeId } from "../types.ts";
import type { FoundedIdentity, Identity, PeerIdentity } from "./identity.ts";
import type { ConfiguredNode } from "./found-or-join.ts";
import {
  DuplicateIdentityError,
  IdentityMismatchError,
  InvalidPeersError,
  PeersMismatchError,
  WrongPeerError,
} from "./errors.ts";

const MAX_NODE_ID = 0xffff_ffff;

/** The configured ids are real and differ. */
export function checkPeers(self: NodeId, peers: readonly ConfiguredNode[]): void {
  const seen = new Set<NodeId>();
  for (const id of [self, ...peers.map((peer) => peer.id)]) {
    if (!Number.isInteger(id) || id < 1 || id > MAX_NODE_ID) {
      throw new InvalidPeersError(
        `node id ${id} is not an integer from 1 to ${MAX_NODE_ID}: correct --node-id or --peers`,
      );
    }
    if (seen.has(id)) {
      throw new InvalidPeersError(
        `node id ${id} is named twice: --peers lists each of the other nodes once, and not node ${self} itself`,
      );
    }
    seen.add(id);
  }
}

/** The saved identity is the one of the node that was started. */
export function checkOwnIdentity(id: NodeId, identity: FoundedIdentity): void {
  const owner = identity.members.find((member) => member.uuid === identity.nodeUuid);
  if (owner?.id !== id) throw new IdentityMismatchError(id, identity.clusterId, owner?.id);
}

/** Every peer that answered is the one configured, was told of the same members, and has a disk of its own. */
export function checkAnswers(
  own: {
    readonly self: ConfiguredNode;
    readonly peers: readonly ConfiguredNode[];
    readonly identity: Identity;
  },
  answers: ReadonlyMap<NodeId, PeerIdentity>,
): void {
  const configured = [own.self.id, ...own.peers.map((peer) => peer.id)].sort((a, b) => a - b);
  const idByUuid = new Map<string, NodeId>([[own.identity.nodeUuid, own.self.id]]);
  for (const peer of own.peers) {
    const answer = answers.get(peer.id);
    if (!answer) continue;
    if (answer.id !== peer.id) throw new WrongPeerError(peer.id, peer.address, answer.id);
    const twin = idByUuid.get(answer.uuid);
    if (twin !== undefined) throw new DuplicateIdentityError(twin, peer.id);
    idByUuid.set(answer.uuid, peer.id);
    if (!sameIds(configured, answer.configured))
      throw new PeersMismatchError(own.self.id, configured, answer);
  }
}

function sameIds(ascending: readonly NodeId[], other: readonly NodeId[]): boolean {
  const sorted = [...other].sort((a, b) => a - b);
  return sorted.length === ascending.length && sorted.every((id, position) => id === ascending[position]);
}
