import type { NodeId } from "@coxswain/raft-core";
import type { EventQueue } from "../event-queue.ts";
import type { SimEvent } from "./event.ts";

/**
 * Nodes that stand still, as in a paused machine. What is due at one waits, and is then taken all at once, as a driver
 * does with what its sockets hold; but timers do not make up for what they missed.
 */
export class Pauses {
  readonly #queue: EventQueue<SimEvent>;
  readonly #untilUs = new Map<NodeId, number>();
  /** Who was the last to go on, and when. */
  #resumed = { id: 0, atUs: 0 };

  constructor(queue: EventQueue<SimEvent>) {
    this.#queue = queue;
  }

  begin(id: NodeId, durationUs: number): void {
    const untilUs = Math.ceil(this.#queue.nowUs + durationUs);
    this.#untilUs.set(id, Math.max(this.#untilUs.get(id) ?? 0, untilUs));
  }

  /** Whether the node has not gone on yet. */
  has(id: NodeId): boolean {
    return this.#untilUs.has(id);
  }

  /** Puts off what is due now at a node that stands still. False for one that does not: it is to be done. */
  putOff(id: NodeId, event: SimEvent): boolean {
    const untilUs = this.#untilUs.size === 0 ? undefined : this.#untilUs.get(id);
    if (untilUs === undefined) return false;
    if (this.#queue.nowUs < untilUs) {
      this.#queue.addAt(untilUs, event);
      return true;
    }
    this.#untilUs.delete(id);
    this.#resumed = { id, atUs: untilUs };
    return false;
  }

  /** Whether a node that has just gone on has more before it that waited. */
  hasBacklog(id: NodeId): boolean {
    const { nowUs, isNextNow } = this.#queue;
    return this.#resumed.id === id && this.#resumed.atUs === nowUs && isNextNow;
  }

  end(id: NodeId): void {
    this.#untilUs.delete(id);
  }

  clear(): void {
    this.#untilUs.clear();
  }
}
