import type { ConfChange, Configuration, NodeId } from "@coxswain/raft-core";
import { membersOf } from "../checks/membership-watch.ts";
import type { Cluster } from "../cluster/cluster.ts";
import type { SimNode } from "../cluster/sim-node.ts";
import { pickAt } from "../random.ts";
import type { LossBudget } from "./budget.ts";
import type { Fault } from "./fault-plan.ts";

/** Nodes that ever were, at most. */
const MAX_NODES = 16;

const NOBODY: Configuration = { voters: [], votersOutgoing: [], learners: [] };

/** What an operator does to the members: adds, promotes, swaps and removes them, and replaces who is lost. */
export class MemberChanges {
  readonly #cluster: Cluster;
  readonly #budget: LossBudget;
  readonly #retired = new Set<NodeId>();

  constructor(cluster: Cluster, budget: LossBudget) {
    this.#cluster = cluster;
    this.#budget = budget;
  }

  /** Nodes that were removed and shut down; they do not come back. */
  get retired(): ReadonlySet<NodeId> {
    return this.#retired;
  }

  change(fault: Fault): void {
    const { leader, nodes, counters } = this.#cluster;
    this.#retireRemoved();
    if (leader === undefined) return;
    const change = this.#choose(leader, fault);
    if (change === undefined || !this.#budget.bears(membersAfter(leader.raft.configuration, change))) return;
    const outcome = leader.act((raft) => raft.proposeConfChange(change));
    if (!outcome.accepted) {
      counters.refusedChanges += 1;
      return;
    }
    counters.memberChanges += 1;
    for (const id of addedBy(change)) if (!nodes.has(id)) this.#cluster.addNode(id, NOBODY);
  }

  #choose(leader: SimNode, { where, how }: Fault): ConfChange | undefined {
    const { configuration } = leader.raft;
    const { voters, learners } = configuration;
    const added = Math.max(...this.#cluster.nodes.keys()) + 1;
    const mayAdd = added <= MAX_NODES && voters.length < 7;
    const lost = membersOf(configuration).find((id) => this.#cluster.node(id)?.isLost === true);
    if (lost !== undefined && how < 0.7) return replacement(lost, mayAdd ? added : undefined);
    const removed = pickAt(voters, where) ?? leader.id;
    const learner = pickAt(learners, where);
    if (learner !== undefined && how < 0.5) return { type: "promoteLearner", node: learner };
    if (mayAdd && how < 0.3) return { type: "addVoter", node: added };
    if (mayAdd && how < 0.6) return { type: "addLearner", node: added };
    if (mayAdd && how < 0.8) {
      const swap = [
        { type: "addVoter", node: added },
        { type: "removeNode", node: removed },
      ] as const;
      return { type: "joint", changes: swap };
    }
    return voters.length > 3 ? { type: "removeNode", node: removed } : undefined;
  }

  /** Whoever is removed is shut down, but only now: until then it may disturb the others. */
  #retireRemoved(): void {
    for (const id of this.#cluster.observer.membership.removed) {
      if (this.#retired.has(id)) continue;
      this.#retired.add(id);
      this.#cluster.crash(id);
    }
  }
}

/** The documented way back: who is lost is removed, and a new node takes its place, as a learner first. */
function replacement(lost: NodeId, added: NodeId | undefined): ConfChange {
  if (added === undefined) return { type: "removeNode", node: lost };
  const changes = [
    { type: "removeNode", node: lost },
    { type: "addLearner", node: added },
  ] as const;
  return { type: "joint", changes };
}

function addedBy(change: ConfChange): readonly NodeId[] {
  if (change.type === "joint") return change.changes.flatMap(addedBy);
  return change.type === "addVoter" || change.type === "addLearner" ? [change.node] : [];
}

/** Whoever would have a say, as far as that decides what may be lost. */
function membersAfter({ voters, learners }: Configuration, change: ConfChange): Configuration {
  const steps = change.type === "joint" ? change.changes : [change];
  const after = { voters: new Set(voters), learners: new Set(learners) };
  for (const { type, node } of steps) {
    after.learners.delete(node);
    if (type === "removeNode") after.voters.delete(node);
    else if (type === "addLearner") after.learners.add(node);
    else after.voters.add(node);
  }
  return { voters: [...after.voters], votersOutgoing: [], learners: [...after.learners] };
}
