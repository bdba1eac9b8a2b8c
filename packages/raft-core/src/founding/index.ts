/** Founding: how a node comes to belong to a cluster, once for each disk (G1). */
export type { FoundedIdentity, Identity, IdentityStore, Member, PeerIdentity } from "./identity.ts";
export { describeIdentity, isFounded } from "./identity.ts";
export { startIdentity } from "./start-identity.ts";
export { MemoryIdentityStore } from "./memory-identity-store.ts";
export type { ConfiguredNode, FoundOrJoinOptions } from "./found-or-join.ts";
export { foundOrJoin } from "./found-or-join.ts";
export {
  DuplicateIdentityError,
  FoundingAbortedError,
  FoundingError,
  IdentityMismatchError,
  InvalidPeersError,
  NotAMemberError,
  PeersMismatchError,
  RivalClustersError,
  WipedNodeError,
  WrongPeerError,
} from "./errors.ts";
