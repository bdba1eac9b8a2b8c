import type { Configuration, NodeId } from "@coxswain/raft-core";
import { membersOf } from "../checks/membership-watch.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { canElect } from "./electable.ts";

/**
 * What may be lost. Safety needs no bound: a node that is lost for good is one that is down for ever. But a majority
 * of every set of voters that may decide must be left with log and state, or nobody could go on.
 */
export class LossBudget {
  readonly #cluster: Cluster;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** Whether the cluster can bear the loss of this node's log, or of its state. */
  mayLose(id: NodeId): boolean {
    const node = this.#cluster.node(id);
    if (node === undefined || this.isOutOfPlay(id)) return false;
    const left = [...this.#cluster.nodes.values()].filter(
      (each) => each !== node && !this.isOutOfPlay(each.id),
    );
    if (!canElect(left, node)) return false;
    return this.#configurations().every((configuration) => this.#bears(configuration, id));
  }

  /** Whether the members planned could go on with what is lost now. */
  bears(configuration: Configuration): boolean {
    return this.#bears(configuration, undefined);
  }

  /** Lost, or about to be found so, or waiting for a state. */
  isOutOfPlay(id: NodeId): boolean {
    const node = this.#cluster.node(id);
    return node === undefined || node.isLost || node.disk.isDamaged || node.disk.needsSnapshot;
  }

  /** The newest committed, and all that a member may know of after it. */
  #configurations(): Configuration[] {
    const { nodes, observer } = this.#cluster;
    const { current, removed } = observer.membership;
    const known = [...nodes.values()].filter(({ id }) => !removed.has(id));
    return [current, ...known.map(({ raft }) => raft.configuration)];
  }

  /** Learners may be given a vote at any time, so they are counted both ways. */
  #bears(configuration: Configuration, more: NodeId | undefined): boolean {
    const { voters, votersOutgoing } = configuration;
    return [voters, votersOutgoing, membersOf(configuration)].every((set) => {
      const lost = set.filter((id) => id === more || this.isOutOfPlay(id)).length;
      return lost * 2 < set.length || set.length === 0;
    });
  }
}
