/**
 * What connections mean for the security log.
 */
import type { AcceptorEvent, AcceptorLimits, PeerIdentity } from "@coxswain/rpc";
import type { SecurityLog } from "./security-log.ts";

/** The option that sets each limit. */
const OPTION_OF: Readonly<Record<keyof AcceptorLimits, string>> = {
  handshakeTimeoutMs: "--handshake-timeout",
  maxHandshakes: "--max-handshakes",
  maxConnections: "--max-connections",
  maxConnectionsPerClient: "--max-connections-per-client",
};

/** For `onEvent` of the node's server. */
export function auditConnections(log: SecurityLog): (event: AcceptorEvent) => void {
  return (event) => {
    const { from } = event;
    switch (event.type) {
      case "handshakeRefused":
        return log.record("handshake.refused", { from, cause: event.cause });
      case "limitHit":
        return log.record("limit.hit", { limit: OPTION_OF[event.limit], from, ...holder(event.peer) });
      case "trustEnded":
        return log.record("connection.ended", { from, ...holder(event.peer), cause: "CERTIFICATE_NOT_TRUSTED" });
    }
  };
}

function holder(peer: PeerIdentity | undefined): { client?: string; role?: string } {
  return peer === undefined ? {} : { client: peer.name, role: peer.role };
}
