import type { NodeId } from "@coxswain/raft-core";
import type { Cluster } from "../cluster/cluster.ts";
import type { PowerCut, StorageCall } from "../cluster/observer.ts";
import { USURPATIONS } from "../cluster/usurper.ts";
import type { SimNode } from "../cluster/sim-node.ts";
import { pickAt } from "../random.ts";
import { LossBudget } from "./budget.ts";
import type { Fault } from "./fault-plan.ts";
import { MemberChanges } from "./member-changes.ts";

const POWER_CUTS: readonly PowerCut[] = ["before", "torn", "after"];

/** Storage calls that are rare among appends, and so are aimed at; the first node that comes to one is hit. */
const RARE_CALLS: readonly StorageCall[] = ["compact", "reset", "saveState", "recovery"];

/** Lets faults happen to a cluster. */
export class Injector {
  readonly #cluster: Cluster;
  readonly #budget: LossBudget;
  readonly #members: MemberChanges;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
    this.#budget = new LossBudget(cluster);
    this.#members = new MemberChanges(cluster, this.#budget);
  }

  /** Nodes that were removed and shut down; they do not come back. */
  get retired(): ReadonlySet<NodeId> {
    return this.#members.retired;
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
        cluster.counters.slowDisks += 1;
        cluster.slowDisks.set(node.id, 5 + fault.how * 20);
        cluster.queue.add(fault.durationUs, { type: "heal" });
        return;
      case "bitFlip":
        return this.#flipBit(node, fault.how);
      case "loseState":
        return this.#loseState(node);
      case "wipeDisk":
        return this.#wipeDisk(node);
      case "pause":
        return this.#pause(node, fault.durationUs);
      case "transfer":
        return this.#transfer(fault.where);
      case "changeMembers":
        return this.#members.change(fault);
      case "usurp":
        return this.#usurp(fault);
    }
  }

  /** Half of the time whoever leads, or thinks so: that is where it hurts. */
  #target(where: number): SimNode | undefined {
    const nodes = [...this.#cluster.nodes.values()];
    const leaders = nodes.filter((node) => node.isUp && node.raft.role === "leader");
    return where < 0.5 && leaders.length > 0 ? pickAt(leaders, where * 2) : pickAt(nodes, (where * 2) % 1);
  }

  #armPowerCut(id: NodeId, how: number): void {
    const cut = pickAt(POWER_CUTS, (how * 31) % 1) ?? "before";
    const at = how < 0.5 ? undefined : pickAt(RARE_CALLS, how * 2 - 1);
    if (at === undefined) {
      this.#cluster.powerCuts.arm(id, { calls: 1 + Math.floor(how * 12), cut });
      return;
    }
    const aimed = { calls: 1, at, cut };
    // A state that is ahead of its log is what a start has to put right.
    const stopped = { calls: 1, at: "reset", cut: "before", andThen: aimed } as const;
    this.#cluster.powerCuts.armAnywhere(at === "recovery" ? stopped : aimed);
  }

  #partition(fault: Fault, id: NodeId): void {
    const { nodes, network, counters, queue } = this.#cluster;
    counters.partitions += 1;
    const ids = [...nodes.keys()];
    if (fault.type === "cutOneWay") counters.oneWayCuts += 1;
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

  /** Found at the next start, which half of the time comes at once; what compaction cuts off is never found. */
  #flipBit(node: SimNode, how: number): void {
    if (!this.#budget.mayLose(node.id) || !node.disk.damage(how)) return;
    this.#cluster.counters.bitFlips += 1;
    if (how % 0.1 < 0.05) this.#cluster.crash(node.id);
  }

  #loseState(node: SimNode): void {
    if (!this.#budget.mayLose(node.id)) return;
    this.#cluster.crash(node.id);
    this.#cluster.loseState(node);
  }

  #wipeDisk(node: SimNode): void {
    if (!this.#budget.mayLose(node.id)) return;
    this.#cluster.crash(node.id);
    this.#cluster.wipe(node);
  }

  #pause({ id, isUp }: SimNode, durationUs: number): void {
    if (!isUp) return;
    this.#cluster.counters.pauses += 1;
    this.#cluster.pauses.begin(id, durationUs);
  }

  #usurp({ where, how, durationUs }: Fault): void {
    const { leader, usurper } = this.#cluster;
    const voters = leader?.raft.configuration.voters.filter((id) => id !== leader.id) ?? [];
    const heir = pickAt(voters, where);
    const usurpation = pickAt(USURPATIONS, how);
    if (leader === undefined || heir === undefined || usurpation === undefined) return;
    usurper.begin(leader, heir, usurpation, durationUs);
  }

  #transfer(where: number): void {
    const { leader, nodes, counters } = this.#cluster;
    const to = pickAt([...nodes.keys()], where);
    if (leader === undefined || to === undefined) return;
    const outcome = leader.act((raft) => raft.transferLeadership(to));
    if (outcome.accepted) counters.transfers += 1;
  }
}
