/**
 * What can go wrong between two nodes. Each has a stable code, and a category that the rpc
 * package turns into a gRPC status.
 */
import type { Member, NodeId } from "@coxswain/raft-core";
import type { ErrorCategory } from "@coxswain/rpc";

/** The base of all errors of this package. */
export abstract class RaftGrpcError extends Error {
  abstract readonly code: string;
  abstract readonly category: ErrorCategory;

  /** The class's name. */
  override get name(): string {
    return this.constructor.name;
  }
}

/** Bytes that are no messages: a broken or foreign sender. */
export class MalformedMessageError extends RaftGrpcError {
  readonly code = "MALFORMED_MESSAGE";
  readonly category = "invalid";

  constructor(what: string, offset: number) {
    super(`not a Raft message: ${what} at byte ${offset}. Run the same version of Coxswain on both nodes.`);
  }
}

/** A stream that does not begin with a handshake, or says something else later. */
export class ProtocolViolationError extends RaftGrpcError {
  readonly code = "PROTOCOL_VIOLATION";
  readonly category = "invalid";
}

/** The sender speaks another version of this protocol. */
export class ProtocolVersionError extends RaftGrpcError {
  readonly code = "PROTOCOL_VERSION_UNSUPPORTED";
  readonly category = "conflict";

  constructor(theirs: number, ours: number) {
    super(`the sender speaks version ${theirs} of the Raft transport and this node version ${ours}: upgrade the older of the two`);
  }
}

/** The sender belongs to another cluster (G1). */
export class ForeignClusterError extends RaftGrpcError {
  readonly code = "FOREIGN_CLUSTER";
  readonly category = "conflict";

  constructor(theirs: string, ours: string) {
    super(`node of cluster ${theirs} called a node of cluster ${ours}: correct the addresses in --peers, or empty the data directory of the node that founded a cluster by mistake`);
  }
}

/** The sender meant another node. */
export class WrongRecipientError extends RaftGrpcError {
  readonly code = "WRONG_RECIPIENT";
  readonly category = "conflict";

  constructor(meant: NodeId, self: NodeId) {
    super(`a message for node ${meant} reached node ${self}: correct the address of node ${meant}`);
  }
}

/** The sender is no member of this cluster. */
export class UnknownMemberError extends RaftGrpcError {
  readonly code = "UNKNOWN_MEMBER";
  readonly category = "denied";

  constructor(id: NodeId) {
    super(`node ${id} is not a member of this cluster: add it first`);
  }
}

/** The sender has another disk than the member of that id (G1). */
export class WrongUuidError extends RaftGrpcError {
  readonly code = "WRONG_UUID";
  readonly category = "denied";

  constructor(id: NodeId) {
    super(`node ${id} has another data directory than the cluster knows: start it with its former one, or remove it and add it under a new id`);
  }
}

/** This node belongs to no cluster yet. */
export class NotReadyError extends RaftGrpcError {
  readonly code = "NOT_READY";
  readonly category = "unavailable";

  constructor() {
    super("this node does not belong to a cluster yet: try again when it does");
  }
}

/** The transport was closed. */
export class TransportClosedError extends RaftGrpcError {
  readonly code = "TRANSPORT_CLOSED";
  readonly category = "unavailable";

  constructor() {
    super("the transport is closed: the node is stopping");
  }
}

/** The snapshot did not arrive in whole, or was called off. */
export class SnapshotAbortedError extends RaftGrpcError {
  readonly code = "SNAPSHOT_ABORTED";
  readonly category = "unavailable";
}

/** The receiver did not install the snapshot. */
export class SnapshotRefusedError extends RaftGrpcError {
  readonly code = "SNAPSHOT_REFUSED";
  readonly category = "conflict";

  constructor(to: NodeId, reason: string) {
    super(`node ${to} did not install the snapshot: ${reason}`);
  }
}

/** A peer did not accept the stream in time. */
export class PeerTimeoutError extends RaftGrpcError {
  readonly code = "PEER_TIMEOUT";
  readonly category = "unavailable";

  constructor(id: NodeId, timeoutMs: number) {
    super(`node ${id} did not accept the stream within ${timeoutMs} ms: check that it runs and can be reached`);
  }
}

/** No connection to a peer can even be tried. */
export class UnusablePeerError extends RaftGrpcError {
  readonly code = "PEER_UNUSABLE";
  readonly category = "invalid";

  constructor({ id, address }: Member, cause: unknown) {
    super(`node ${id} cannot be called at ${address}: check its address and this node's certificates`, { cause });
  }
}

/** The peer opened another stream, so this one must have broken. */
export class StreamReplacedError extends RaftGrpcError {
  readonly code = "STREAM_REPLACED";
  readonly category = "conflict";

  constructor(from: NodeId) {
    super(`node ${from} opened a newer stream: if two processes run as node ${from}, stop one of them`);
  }
}

/** The port cannot be listened on. */
export class ListenError extends RaftGrpcError {
  readonly code = "LISTEN_FAILED";
  readonly category = "unavailable";

  constructor(address: string, cause: Error) {
    super(`cannot listen on ${address}: ${cause.message}. Is another node running there? Choose another address.`, { cause });
  }
}
