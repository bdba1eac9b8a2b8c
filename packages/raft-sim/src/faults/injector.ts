import type { ConfChange, NodeId } from "@coxswain/raft-core";
import type { Cluster } from "../cluster/cluster.ts";
import type { PowerCut } from "../cluster/observer.ts";
import type { SimNode } from "../cluster/sim-node.ts";
import { pickAt } from "../random.ts";
import type { Fault } from "./fault-plan.ts";

const POWER_CUTS: readonly PowerCut[] = ["before", "torn", "after"];
/** Members that ever were, at most. */
const MAX_MEMBERS = 12;

/** Lets faults happen to a cluster. */
export class Injector {
  readonly #cluster: Cluster;
  readonly #retired = new Set<NodeId>();

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** Nodes that were removed and shut down; they do not come back. */
  get retired(): ReadonlySet<NodeId> {
    return this.#retired;
  }

  inject(fault: Fault): void {
    const cluster = this.#cluster;
    const node = this.#target(fault.where);
    if (node === undefined) return;
    switch (fault.type) {
      case "crash":
        return cluster.crash(node.id);
      case "crashAtStorage":
        return this.#armPowerCut(node.id, fault.how);
      case "isolate":
      case "cutOneWay":
      case "split":
        return this.#partition(fault, node.id);
      case "heal":
        return cluster.network.heal();
      case "slowDisk":
        cluster.slowDisks.set(node.id, 5 + fault.how * 20);
        cluster.queue.add(fault.durationUs, { type: "heal" });
        return;
      case "bitFlip":
        return this.#flipBit(node, fault.how);
      case "transfer":
        return this.#transfer(fault.where);
      case "changeMembers":
        return this.#changeMembers(fault);
    }
  }

  /** Half of the time whoever leads, or thinks so: that is where it hurts. */
  #target(where: number): SimNode | undefined {
    const nodes = [...this.#cluster.nodes.values()];
    const leaders = nodes.filter((node) => node.isUp && node.raft.role === "leader");
    return where < 0.5 && leaders.length > 0 ? pickAt(leaders, where * 2) : pickAt(nodes, (where * 2) % 1);
  }

  #armPowerCut(id: NodeId, how: number): void {
    const cut = pickAt(POWER_CUTS, (how * 7) % 1) ?? "before";
    this.#cluster.armed.set(id, { calls: 1 + Math.floor(how * 6), cut });
  }

  #partition(fault: Fault, id: NodeId): void {
    const { nodes, network, counters, queue } = this.#cluster;
    counters.partitions += 1;
    const ids = [...nodes.keys()];
    for (const other of ids) {
      if (fault.type === "isolate" && other !== id) {
        network.cut(id, other);
        network.cut(other, id);
      } else if (fault.type === "cutOneWay" && (fault.how < 0.3 || other === pickAt(ids, fault.how))) {
        if (fault.how % 0.1 < 0.05) network.cut(id, other);
        else network.cut(other, id);
      }
    }
    if (fault.type === "split") this.#split(ids, fault.how);
    queue.add(fault.durationUs, { type: "heal" });
  }

  /** Each bit of `how` says on which side a node is. */
  #split(ids: readonly NodeId[], how: number): void {
    const sides = Math.floor(how * 2 ** 16);
    const sideOf = (id: NodeId): number => (sides >> (id % 16)) & 1;
    for (const from of ids) {
      for (const to of ids) if (sideOf(from) !== sideOf(to)) this.#cluster.network.cut(from, to);
    }
  }

  /** A minority of disks may be lost for good; with more, nothing could be promised. */
  #flipBit(node: SimNode, how: number): void {
    const { nodes, profile } = this.#cluster;
    const lost = [...nodes.values()].filter((each) => each.isDamaged || each.disk.isDamaged).length;
    if (node.disk.isDamaged || lost + 1 > Math.floor((profile.nodes - 1) / 2)) return;
    if (node.disk.damage(how)) this.#cluster.crash(node.id);
  }

  #transfer(where: number): void {
    const { leader, nodes } = this.#cluster;
    const to = pickAt([...nodes.keys()], where);
    if (leader === undefined || to === undefined) return;
    const outcome = leader.act((raft) => raft.transferLeadership(to));
    if (outcome.accepted) this.#cluster.counters.transfers += 1;
  }

  #changeMembers(fault: Fault): void {
    const { leader, nodes, counters } = this.#cluster;
    this.#retireRemoved();
    if (leader === undefined) return;
    const change = this.#chooseChange(leader, fault);
    if (change === undefined) return;
    const outcome = leader.act((raft) => raft.proposeConfChange(change));
    if (!outcome.accepted) return;
    counters.memberChanges += 1;
    for (const id of addedBy(change)) {
      if (!nodes.has(id)) this.#cluster.addNode(id, { voters: [], votersOutgoing: [], learners: [] });
    }
  }

  #chooseChange(leader: SimNode, { where, how }: Fault): ConfChange | undefined {
    const { voters, learners } = leader.raft.configuration;
    const added = Math.max(...this.#cluster.nodes.keys()) + 1;
    const removed = pickAt(voters, where) ?? leader.id;
    const learner = pickAt(learners, where);
    const mayAdd = added <= MAX_MEMBERS && voters.length < 7;
    const mayRemove = voters.length > 3;
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
    return mayRemove ? { type: "removeNode", node: removed } : undefined;
  }

  /** Whoever is removed is shut down, but only now: until then it may disturb the others. */
  #retireRemoved(): void {
    for (const id of this.#cluster.observer.commits.removed) {
      if (this.#retired.has(id)) continue;
      this.#retired.add(id);
      this.#cluster.crash(id);
    }
  }
}

function addedBy(change: ConfChange): readonly NodeId[] {
  if (change.type === "joint") return change.changes.flatMap(addedBy);
  return change.type === "addVoter" || change.type === "addLearner" ? [change.node] : [];
}
