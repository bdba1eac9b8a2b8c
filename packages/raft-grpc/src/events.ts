/**
 * What a transport tells its owner, for logs and metrics.
 */
import type { NodeId } from "@coxswain/raft-core";

/** What a transport tells its owner, for logs and metrics. */
export type TransportEvent =
  /** The peer accepted this node's messages. */
  | { readonly type: "peerConnected"; readonly peer: NodeId }
  /** The stream to the peer ended or could not be opened; it is tried again after `retryMs`. `error.code` tells a refusal. */
  | {
      readonly type: "peerLost";
      readonly peer: NodeId;
      readonly error: Error & { readonly code: string };
      readonly retryMs: number;
    };

/** How things stand with one peer. */
export interface PeerStatus {
  readonly id: NodeId;
  readonly connected: boolean;
  readonly queuedMessages: number;
  readonly queuedBytes: number;
  /** Messages dropped since the peer is known. */
  readonly droppedMessages: number;
}
