/**
 * Says which members this node reaches, and why it does not reach the others.
 */
import type { TransportEvent } from "@coxswain/raft-grpc";

/** What goes on being refused is said again after this long. */
const REPEAT_MS = 60_000;

interface PeerLogger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/** One line for each change, not for each of many tries. */
export function followPeers(logger: PeerLogger, now: () => number = Date.now): (event: TransportEvent) => void {
  const lost = new Map<number, { readonly code: string; readonly saidAtMs: number }>();
  return (event) => {
    const { peer } = event;
    if (event.type === "peerConnected") {
      lost.delete(peer);
      return logger.info({ peer }, "peer connected");
    }
    const { code, message } = event.error;
    const known = lost.get(peer);
    if (known?.code === code && now() - known.saidAtMs < REPEAT_MS) return;
    lost.set(peer, { code, saidAtMs: now() });
    logger.warn({ peer, code, reason: message }, "peer not reached; trying again");
  };
}
