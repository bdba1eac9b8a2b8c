/**
 * Who speaks to whom: the first message of every stream, and what it must say (G1).
 */
import type { Member, NodeId } from "@coxswain/raft-core";
import {
  ForeignClusterError,
  ProtocolVersionError,
  ProtocolViolationError,
  UnknownMemberError,
  WrongRecipientError,
  WrongUuidError,
} from "./errors.ts";
import type { Handshake } from "./gen/raft/v1/raft.ts";

/** The version of streams and codec. */
export const PROTOCOL_VERSION = 1;

/** The node that a transport speaks for. */
export interface TransportSelf {
  readonly id: NodeId;
  readonly uuid: string;
  readonly clusterId: string;
}

export function handshakeTo(self: TransportSelf, to: NodeId): Handshake {
  return { clusterId: self.clusterId, from: self.id, fromUuid: self.uuid, to, protocolVersion: PROTOCOL_VERSION };
}

/** The member that speaks; throws a typed refusal for anyone else. */
export function checkHandshake(
  self: TransportSelf,
  members: ReadonlyMap<NodeId, Member>,
  handshake: Handshake | undefined,
): Member {
  if (!handshake) throw new ProtocolViolationError("the stream does not begin with a handshake");
  if (handshake.protocolVersion !== PROTOCOL_VERSION) throw new ProtocolVersionError(handshake.protocolVersion, PROTOCOL_VERSION);
  if (handshake.clusterId !== self.clusterId) throw new ForeignClusterError(handshake.clusterId, self.clusterId);
  if (handshake.to !== self.id) throw new WrongRecipientError(handshake.to, self.id);
  const member = members.get(handshake.from);
  if (!member || member.id === self.id) throw new UnknownMemberError(handshake.from);
  if (member.uuid !== handshake.fromUuid) throw new WrongUuidError(handshake.from);
  return member;
}
