/**
 * The gRPC service of a node. It can be served before the node belongs to a cluster: then it
 * answers who the node is, and refuses the rest as not ready.
 */
import type { ServiceDefinition, UntypedServiceImplementation } from "@grpc/grpc-js";
import type { PeerIdentity } from "@coxswain/raft-core";
import type { CallRecord, PeerIdentity as Caller } from "@coxswain/rpc";
import { requireRole, wrapClientStream, wrapReceiver, wrapUnary } from "@coxswain/rpc";
import { NotReadyError } from "./errors.ts";
import type { RaftServiceServer } from "./gen/raft/v1/raft.ts";
import { RaftServiceService } from "./gen/raft/v1/raft.ts";
import type { GrpcTransport } from "./grpc-transport.ts";
import { toIdentifyResponse } from "./identify.ts";
import type { AuthorizeMember, Inbound } from "./inbound.ts";

/** What the service needs: who this node is, where messages go, and who may call. */
export interface RaftServiceOptions {
  /** Who this node is, from its saved identity. */
  readonly identity: () => PeerIdentity;
  /** The transport, once the node belongs to a cluster. */
  readonly transport: () => Pick<GrpcTransport, "inbound"> | undefined;
  /** Whom to take callers without a certificate for; only for a server without TLS (`localNode` of rpc). */
  readonly insecurePeer?: Caller;
  /** Throws for callers who may not use the service at all. Default: only certificates of nodes may. */
  readonly authorize?: (caller: Caller, path: string) => void;
  /** Throws when the certificate's name is not that of the member it speaks for. Default: any node's certificate will do. */
  readonly authorizeMember?: AuthorizeMember;
  /** Told of each refusal and failure, with the error as thrown. */
  readonly onError?: (error: unknown, path: string) => void;
  /** Told of each answer and refusal, with who asked and from where. */
  readonly onAnswer?: (record: CallRecord) => void;
}

/** What `server.addService(definition, implementation)` takes. */
export interface RaftService {
  readonly definition: ServiceDefinition;
  readonly implementation: UntypedServiceImplementation;
}

/** What `server.addService(definition, implementation)` takes. */
export function raftService(options: RaftServiceOptions): RaftService {
  return { definition: RaftServiceService, implementation: raftServiceImplementation(options) };
}

/** The handlers alone. */
export function raftServiceImplementation(options: RaftServiceOptions): UntypedServiceImplementation {
  const authorizeMember = options.authorizeMember ?? (() => {});
  const handlerOptions = {
    insecurePeer: options.insecurePeer,
    authorize: options.authorize ?? ((caller: Caller) => requireRole(caller, "node")),
    ...(options.onError ? { onError: options.onError } : {}),
    ...(options.onAnswer ? { onAnswer: options.onAnswer } : {}),
  };
  const handlers: RaftServiceServer = {
    identify: wrapUnary(() => Promise.resolve(toIdentifyResponse(options.identity())), handlerOptions),
    messages: wrapReceiver((context, sink) => inboundOf(options).messages(context, sink, authorizeMember), handlerOptions),
    installSnapshot: wrapClientStream(
      (chunks, context) => inboundOf(options).snapshot(chunks, context, authorizeMember),
      handlerOptions,
    ),
  };
  return { ...handlers };
}

function inboundOf(options: RaftServiceOptions): Inbound {
  const transport = options.transport();
  if (!transport) throw new NotReadyError();
  return transport.inbound;
}
