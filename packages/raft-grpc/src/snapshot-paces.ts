/**
 * How fast the next snapshot goes to each peer. One that the log outran would be outrun again at the same pace, and its
 * peer would never come back (G18): each doubles the pace of the next, until one arrives.
 */
import type { NodeId } from "@coxswain/raft-core";

/** A thousandfold: no pace at all. */
const MAX_DOUBLINGS = 10;

export class SnapshotPaces {
  readonly #bytesPerSecond: number;
  readonly #doublings = new Map<NodeId, number>();

  constructor(bytesPerSecond: number) {
    this.#bytesPerSecond = bytesPerSecond;
  }

  /** Bytes a second. */
  to(peer: NodeId): number {
    return this.#bytesPerSecond * 2 ** (this.#doublings.get(peer) ?? 0);
  }

  /** A snapshot to this peer was called off because the log could not wait for it. */
  outrun(peer: NodeId): void {
    this.#doublings.set(peer, Math.min((this.#doublings.get(peer) ?? 0) + 1, MAX_DOUBLINGS));
  }

  arrived(peer: NodeId): void {
    this.#doublings.delete(peer);
  }
}
