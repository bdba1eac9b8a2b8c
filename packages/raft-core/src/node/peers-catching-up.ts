import type { Status } from "../core/status.ts";
import type { NodeId } from "../types.ts";

interface CatchingUp {
  readonly snapshotIndex: number;
  /** Where the log ended when it was last to be compacted: a peer that holds so much by now keeps up. */
  readonly targetIndex: number;
}

/**
 * Peers that installed a snapshot and lack the log after it. Were that compacted as soon as the snapshot has arrived, they
 * would need another one, and never come back while more is written during each than compaction leaves (G18).
 */
export class PeersCatchingUp {
  readonly #status: () => Pick<Status, "lastIndex" | "peers">;
  readonly #peers = new Map<NodeId, CatchingUp>();

  constructor(status: () => Pick<Status, "lastIndex" | "peers">) {
    this.#status = status;
  }

  begin(id: NodeId, snapshotIndex: number): void {
    this.#peers.set(id, { snapshotIndex, targetIndex: Infinity });
  }

  end(id: NodeId): void {
    this.#peers.delete(id);
  }

  endAll(): void {
    this.#peers.clear();
  }

  /** The log after it must stay; undefined when nobody needs it. To be asked before each compaction: it lets go of those that keep up. */
  heldIndex(): number | undefined {
    if (this.#peers.size === 0) return undefined;
    const { lastIndex, peers } = this.#status();
    const held: number[] = [];
    for (const [id, { snapshotIndex, targetIndex }] of this.#peers) {
      const matchIndex = peers.find((peer) => peer.id === id)?.matchIndex;
      if (matchIndex === undefined || matchIndex >= targetIndex) {
        this.end(id);
        continue;
      }
      this.#peers.set(id, { snapshotIndex, targetIndex: lastIndex });
      held.push(Math.max(snapshotIndex, matchIndex));
    }
    return held.length === 0 ? undefined : Math.min(...held);
  }
}
