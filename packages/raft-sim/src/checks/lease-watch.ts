import type { NodeId } from "@coxswain/raft-core";
import type { SimNode } from "../cluster/sim-node.ts";
import type { Counters } from "../counters.ts";

/** What leases there are, and how close an election came to a read under one. Whether such reads are right, others judge. */
export class LeaseWatch {
  readonly #counters: Counters;
  readonly #nowUs: () => number;
  readonly #closeUs: number;
  /** The last term in which a node was seen to hold one. */
  readonly #heldInTerm = new Map<NodeId, number>();
  #lastRead: { readonly node: NodeId; readonly atUs: number } | undefined;

  /** An election within `closeUs` of a read is close to it. */
  constructor(counters: Counters, nowUs: () => number, closeUs: number) {
    this.#counters = counters;
    this.#nowUs = nowUs;
    this.#closeUs = closeUs;
  }

  isHeld({ id, raft }: SimNode): boolean {
    const { holdsLease, term } = raft.status();
    if (holdsLease) this.#heldInTerm.set(id, term);
    return holdsLease;
  }

  /** Whether a node has seen one held in its term. */
  wasHeld({ id, raft }: SimNode): boolean {
    return this.#heldInTerm.get(id) === raft.term;
  }

  readServed({ id }: SimNode): void {
    this.#lastRead = { node: id, atUs: this.#nowUs() };
  }

  elected({ id }: SimNode): void {
    const last = this.#lastRead;
    if (last === undefined || last.node === id) return;
    this.#lastRead = undefined;
    if (this.#nowUs() - last.atUs < this.#closeUs) this.#counters.closeLeaseReads += 1;
  }
}
