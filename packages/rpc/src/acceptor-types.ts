import type { Duplex } from "node:stream";
import type { PeerIdentity } from "./peer-identity.ts";

/** What an acceptor lets in at most. */
export interface AcceptorLimits {
  /** How long a TLS handshake may take. Default 10 s. */
  readonly handshakeTimeoutMs: number;
  /**
   * Handshakes under way at a time. One more ends the one that has been silent for longest, so that whoever opens
   * connections and says nothing keeps nobody out. Default 256.
   */
  readonly maxHandshakes: number;
  /** Connections of clients at a time; without TLS all connections. Those of nodes and admins do not count. Default 1,000. */
  readonly maxConnections: number;
  /** Connections at a time with certificates of one name, those of nodes excepted. Does not hold without TLS. Default 100. */
  readonly maxConnectionsPerClient: number;
}

/** What holds for each limit that is not given. */
export const defaultAcceptorLimits: AcceptorLimits = {
  handshakeTimeoutMs: 10_000,
  maxHandshakes: 256,
  maxConnections: 1_000,
  maxConnectionsPerClient: 100,
};

/** A connection that may speak HTTP/2 now. */
export interface AcceptedConnection {
  readonly socket: Duplex;
  /** Whom its certificate names; undefined without TLS, or when it names nobody (calls on it are UNAUTHENTICATED). */
  readonly peer: PeerIdentity | undefined;
  /** `host:port` of the other end. */
  readonly from: string;
}

/** What an acceptor did not let in, or did not let stay. */
export type AcceptorEvent =
  /** `cause` is OpenSSL's or Node's code, such as CERT_HAS_EXPIRED. */
  | { readonly type: "handshakeRefused"; readonly from: string; readonly cause: string }
  | {
      readonly type: "limitHit";
      readonly limit: keyof AcceptorLimits;
      readonly from: string;
      readonly peer?: PeerIdentity | undefined;
    }
  /** No handshake would accept its certificate any more. */
  | { readonly type: "trustEnded"; readonly from: string; readonly peer: PeerIdentity | undefined };
