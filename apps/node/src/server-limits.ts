/**
 * What the server's limits are, from the options: one set for clients, one for the other nodes.
 */
import type { ServerOptions } from "@grpc/grpc-js";
import { serverOptions } from "@coxswain/rpc";
import type { AcceptorLimits } from "@coxswain/rpc";
import type { NodeOptions } from "./config/options.ts";

/** The options that limit a server. */
export type LimitOptions = Pick<
  NodeOptions,
  | "handshakeTimeout"
  | "maxHandshakes"
  | "maxConnections"
  | "maxConnectionsPerClient"
  | "maxStreams"
  | "maxMessageBytes"
  | "maxConnectionAge"
  | "maxConnectionAgeGrace"
>;

/** Between nodes one stream carries batches of log entries; larger than any request of a client. */
const MAX_NODE_MESSAGE_BYTES = 16 * 1024 * 1024;
/** Forwarded calls of many clients share one connection. */
const MAX_NODE_STREAMS = 1_024;

export function acceptorLimits(options: LimitOptions): AcceptorLimits {
  return {
    handshakeTimeoutMs: options.handshakeTimeout,
    maxHandshakes: options.maxHandshakes,
    maxConnections: options.maxConnections,
    maxConnectionsPerClient: options.maxConnectionsPerClient,
  };
}

export function clientServerOptions(options: LimitOptions): ServerOptions {
  return serverOptions({
    maxMessageBytes: options.maxMessageBytes,
    maxStreamsPerConnection: options.maxStreams,
    maxConnectionAgeMs: options.maxConnectionAge,
    maxConnectionAgeGraceMs: options.maxConnectionAgeGrace,
  });
}

/** For nodes; and without TLS for everyone, since nobody can tell who is one. */
export function nodeServerOptions(): ServerOptions {
  return serverOptions({ maxMessageBytes: MAX_NODE_MESSAGE_BYTES, maxStreamsPerConnection: MAX_NODE_STREAMS });
}
