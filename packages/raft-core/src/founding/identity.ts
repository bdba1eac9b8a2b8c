/**
 * Who a node is and which cluster it belongs to (G1): what is saved in its data directory.
 */
import type { NodeId } from "../types.ts";

/** A node that the founding of the cluster named, bound to the disk it had then. */
export interface Member {
  readonly id: NodeId;
  /** Made once for each data directory: a wiped disk has another. */
  readonly uuid: string;
  /** `host:port` that the other members reach it at. */
  readonly address: string;
}

/** What the data directory says about its node. */
export interface Identity {
  readonly nodeUuid: string;
  /** Absent until the node founded or adopted a cluster; never changes afterwards. */
  readonly clusterId?: string;
  /** The founding members; present exactly when `clusterId` is. */
  readonly members?: readonly Member[];
  /** How often the node was started on this disk: its incarnation (G2). */
  readonly starts: number;
}

/** An identity that belongs to a cluster. */
export type FoundedIdentity = Identity & { readonly clusterId: string; readonly members: readonly Member[] };

/** Where the identity lives. */
export interface IdentityStore {
  /** The last identity saved; `undefined` on a new disk. Refuses a damaged one with a typed error. */
  load(): Promise<Identity | undefined>;
  /** Resolves when the identity would survive a power cut. */
  save(identity: Identity): Promise<void>;
}

/** What a node tells others about itself, from its saved identity. */
export interface PeerIdentity {
  readonly id: NodeId;
  readonly uuid: string;
  readonly clusterId?: string;
  /** Empty while the node belongs to no cluster. */
  readonly members: readonly Member[];
  /** The ids that its configuration names, itself included, ascending. */
  readonly configured: readonly NodeId[];
}

/** Whether the identity belongs to a cluster. */
export function isFounded(identity: Identity): identity is FoundedIdentity {
  return identity.clusterId !== undefined && identity.members !== undefined;
}

/** What a node with this saved identity answers to others. */
export function describeIdentity(
  identity: Identity,
  configuration: { readonly id: NodeId; readonly configured: readonly NodeId[] },
): PeerIdentity {
  return {
    id: configuration.id,
    uuid: identity.nodeUuid,
    ...(identity.clusterId === undefined ? {} : { clusterId: identity.clusterId }),
    members: identity.members ?? [],
    configured: [...configuration.configured].sort((a, b) => a - b),
  };
}
