import type { Node, Placement } from "@coxswain/state-machine";
import type { SchedulerStore } from "./contracts.ts";
import type { Leases } from "./leases.ts";

/** A node with a slot held for a proposal that apply has not seen yet (G9). */
export interface Reservation {
  readonly placement: Placement;
  /** Gives the slot back, once the command is applied or has failed. May be called twice. */
  release(): void;
}

/** Picks the least loaded live node that offers an executor, and counts what is under way. */
export class Placer {
  readonly #store: Pick<SchedulerStore, "nodes" | "runningOn">;
  readonly #leases: Pick<Leases, "takesWork">;
  readonly #reserved = new Map<number, number>();
  /** Among equals the one that was picked longest ago, so that short work spreads as well. */
  readonly #pickedAt = new Map<number, number>();
  readonly #onRelease: () => void;
  #picks = 0;

  /** `onRelease` hears of each slot given back: a command that failed frees room without any event. */
  constructor(store: Pick<SchedulerStore, "nodes" | "runningOn">, leases: Pick<Leases, "takesWork">, onRelease: () => void) {
    this.#store = store;
    this.#leases = leases;
    this.#onRelease = onRelease;
  }

  /** Reserves a slot on the best node that passes `allowed`; undefined when none has room. */
  reserve(executor: string, allowed: (node: Node) => boolean = () => true): Reservation | undefined {
    let best: Node | undefined;
    let bestLoad = 1;
    for (const node of this.#store.nodes()) {
      if (!this.#offers(node, executor) || !allowed(node)) continue;
      const load = this.#load(node);
      if (load < bestLoad || (load === bestLoad && load < 1 && best !== undefined && this.#isStaler(node, best))) {
        best = node;
        bestLoad = load;
      }
    }
    return best === undefined ? undefined : this.#reserveOn(best);
  }

  /** Free slots on live nodes. */
  freeSlots(): number {
    return this.#store
      .nodes()
      .reduce((sum, node) => sum + (this.#isLive(node) ? Math.max(0, node.capacity - this.#busy(node)) : 0), 0);
  }

  /** Slots held for proposals under way. */
  reservedOn(nodeId: number): number {
    return this.#reserved.get(nodeId) ?? 0;
  }

  #offers(node: Node, executor: string): boolean {
    return node.executors.includes(executor) && this.#isLive(node);
  }

  #isLive(node: Node): boolean {
    return !node.draining && this.#leases.takesWork(node);
  }

  #busy(node: Node): number {
    return this.#store.runningOn(node.id) + this.reservedOn(node.id);
  }

  #load(node: Node): number {
    return node.capacity > 0 ? this.#busy(node) / node.capacity : 1;
  }

  #isStaler(node: Node, than: Node): boolean {
    return (this.#pickedAt.get(node.id) ?? 0) < (this.#pickedAt.get(than.id) ?? 0);
  }

  #reserveOn(node: Node): Reservation {
    this.#pickedAt.set(node.id, ++this.#picks);
    this.#reserved.set(node.id, this.reservedOn(node.id) + 1);
    let held = true;
    return {
      placement: { nodeId: node.id, nodeIncarnation: node.incarnation },
      release: () => {
        if (!held) return;
        held = false;
        const left = this.reservedOn(node.id) - 1;
        if (left > 0) this.#reserved.set(node.id, left);
        else this.#reserved.delete(node.id);
        this.#onRelease();
      },
    };
  }
}
