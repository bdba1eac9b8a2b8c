import type { Configuration, NodeId } from "@coxswain/raft-core";
import type { SimNode } from "../cluster/sim-node.ts";
import type { Counters } from "../counters.ts";

/** The members as they are committed, one change after another; and what those changes were, for the coverage. */
export class MembershipWatch {
  readonly #nodes: ReadonlyMap<NodeId, SimNode>;
  readonly #counters: Counters;
  readonly #removed = new Set<NodeId>();
  #current: Configuration = { voters: [], votersOutgoing: [], learners: [] };

  constructor(nodes: ReadonlyMap<NodeId, SimNode>, counters: Counters) {
    this.#nodes = nodes;
    this.#counters = counters;
  }

  /** The newest committed. */
  get current(): Configuration {
    return this.#current;
  }

  /** Members whose removal is committed. Ids are never used again. */
  get removed(): ReadonlySet<NodeId> {
    return this.#removed;
  }

  /** The founding members; committed by definition. */
  founded(configuration: Configuration): void {
    this.#current = configuration;
  }

  /** `leader` is the first to commit it. */
  committed(leader: SimNode, next: Configuration): void {
    const before = this.#current;
    const counters = this.#counters;
    this.#current = next;
    const members = new Set(membersOf(next));
    for (const id of membersOf(before)) if (!members.has(id)) this.#remove(id);
    if (before.votersOutgoing.length > 0 && next.votersOutgoing.length === 0) counters.jointLeft += 1;
    if (membersOf(before).includes(leader.id) && !members.has(leader.id)) counters.leaderRemovals += 1;
    const isNew = (id: NodeId): boolean => !membersOf(before).includes(id);
    counters.learnersAdded += next.learners.filter(isNew).length;
    counters.learnersPromoted += before.learners.filter((id) => next.voters.includes(id)).length;
  }

  #remove(id: NodeId): void {
    this.#removed.add(id);
    if (this.#nodes.get(id)?.isLost === true) this.#counters.replacedNodes += 1;
  }
}

/** Everyone who is in it, once. */
export function membersOf({ voters, votersOutgoing, learners }: Configuration): NodeId[] {
  return [...new Set([...voters, ...votersOutgoing, ...learners])];
}
