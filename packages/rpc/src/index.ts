/**
 * What all gRPC ends of Coxswain share: credentials at TLS 1.3 that follow a reload, who the caller is, channels,
 * limits, typed errors across the wire, and handlers that cannot take the process down.
 *
 * @example
 * const server = new Server(serverOptions());
 * server.addService(EchoService, { echo: wrapUnary(async (request, { peer }) => ({ text: `${peer.name}: ${request.text}` })) });
 * const tls = loadTls({ ca: "ca.crt", cert: "node-1.crt", key: "node-1.key" });
 * server.bindAsync("127.0.0.1:0", serverCredentials(tls), () => undefined);
 *
 * @packageDocumentation
 */
export {
  type CategorizedError,
  type ErrorCategory,
  isCategorizedError,
  isErrorCategory,
} from "./error-category.ts";
export {
  CallCancelledError,
  MetadataTooLargeError,
  PermissionDeniedError,
  RemoteError,
  type RemoteErrorFields,
  RpcError,
  TlsFilesError,
  UnauthenticatedError,
} from "./errors.ts";
export { categoryOfStatus, grpcStatusOf } from "./status-table.ts";
export {
  type StatusResponse,
  metadataKeys,
  setLeaderHint,
  statusFromError,
  truncateDetails,
} from "./status-from-error.ts";
export { type StatusLike, errorFromStatus, leaderHint } from "./error-from-status.ts";
export {
  type TlsFiles,
  TlsMaterial,
  type TlsPem,
  loadTls,
  requireTls13,
  tlsFromPem,
} from "./tls-material.ts";
export {
  channelCredentials,
  insecureChannelCredentials,
  insecureServerCredentials,
  serverCredentials,
} from "./credentials.ts";
export {
  type AuthenticatedCall,
  type PeerIdentity,
  type PeerRole,
  identityIn,
  localAdmin,
  localNode,
  peerIdentity,
  requireRole,
} from "./peer-identity.ts";
export { type ChannelSettings, channelOptions, openChannel } from "./open-channel.ts";
export { type ServerSettings, serverOptions } from "./server-options.ts";
export { Acceptor, type AcceptorOptions, type ListenAddress } from "./acceptor.ts";
export {
  type AcceptedConnection,
  type AcceptorEvent,
  type AcceptorLimits,
  defaultAcceptorLimits,
} from "./acceptor-types.ts";
export { type CallContext, type CallRecord, type HandlerOptions, type ServerCall } from "./call-context.ts";
export { wrapUnary } from "./wrap-unary.ts";
export { wrapServerStream } from "./wrap-server-stream.ts";
export { wrapClientStream } from "./wrap-client-stream.ts";
export { wrapBidi } from "./wrap-bidi.ts";
export { type RequestReceiver, type ResponseSink, wrapReceiver } from "./wrap-receiver.ts";
export { type MessageSource, readMessages } from "./read-messages.ts";
export { type MessageSink, drained, writeMessages } from "./write-messages.ts";
