/**
 * Which cluster, if any, has a place for this node and its disk.
 */
import type { NodeId } from "../types.ts";
import type { Member, PeerIdentity } from "./identity.ts";
import { NotAMemberError, RivalClustersError, WipedNodeError } from "./errors.ts";

/**
 * The cluster that names `id` with `uuid`. Refuses when clusters exist but none does, or when
 * two do; `undefined` when no peer belongs to a cluster yet.
 */
export function clusterThatNamesMe(
  id: NodeId,
  uuid: string,
  answers: readonly PeerIdentity[],
): { clusterId: string; members: readonly Member[] } | undefined {
  const founded = answers.filter((answer) => answer.clusterId !== undefined);
  const naming = founded.filter((answer) =>
    answer.members.some((member) => member.id === id && member.uuid === uuid),
  );
  const [first] = naming;
  if (!first) return refuseAny(id, founded);
  const rival = naming.find((answer) => answer.clusterId !== first.clusterId);
  if (rival) throw new RivalClustersError(id, first, rival);
  return first.clusterId === undefined ? undefined : { clusterId: first.clusterId, members: first.members };
}

/** A wiped disk is the graver news, so it is told first. */
function refuseAny(id: NodeId, founded: readonly PeerIdentity[]): undefined {
  const knowsMe = founded.find((answer) => answer.members.some((member) => member.id === id));
  if (knowsMe) throw new WipedNodeError(id, knowsMe);
  const [stranger] = founded;
  if (stranger) throw new NotAMemberError(id, stranger);
  return undefined;
}
