/**
 * Raft between nodes over gRPC: a `Transport` with one stream of messages for each peer, whose
 * first word is a handshake (G1), and with snapshots on connections of their own (G20).
 *
 * @example
 * const transport = new GrpcTransport({ self, members, credentials: () => channelCredentials(tls) });
 * const { definition, implementation } = transport.service({ identity: () => describeIdentity(identity, configuration) });
 * server.addService(definition, implementation);
 * const node = await RaftNode.start({ transport, ...others });
 */
export type { GrpcTransportOptions } from "./grpc-transport.ts";
export { GrpcTransport } from "./grpc-transport.ts";
export type { TransportSelf } from "./handshake.ts";
export type { TransportSettings } from "./settings.ts";
export { DEFAULT_SETTINGS } from "./settings.ts";
export type { PeerStatus, TransportEvent } from "./events.ts";
export type { AuthorizeMember } from "./inbound.ts";
export type { RaftService, RaftServiceOptions } from "./service.ts";
export { raftService, raftServiceImplementation } from "./service.ts";
export type { IdentifyPeerRequest } from "./identify.ts";
export { identifyPeer } from "./identify.ts";
export type { JoinClusterOptions, JoinedCluster } from "./join-cluster.ts";
export { joinCluster } from "./join-cluster.ts";
export {
  ForeignClusterError,
  ListenError,
  MalformedMessageError,
  NotReadyError,
  PeerTimeoutError,
  ProtocolVersionError,
  ProtocolViolationError,
  RaftGrpcError,
  SnapshotAbortedError,
  SnapshotRefusedError,
  StreamReplacedError,
  TransportClosedError,
  UnknownMemberError,
  UnusablePeerError,
  WrongRecipientError,
  WrongUuidError,
} from "./errors.ts";
