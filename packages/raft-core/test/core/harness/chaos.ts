import type { ConfChange, MemberChange } from "../../../src/core/raft.ts";
import { SimCluster } from "./sim-cluster.ts";
import type { SimNode } from "./sim-node.ts";
import { textOf, votersOf } from "./states.ts";

/** What a run did, so that a test can show that it was no idle one. */
export interface ChaosReport {
  readonly commits: number;
  readonly terms: number;
  readonly acknowledged: number;
  readonly reads: number;
  readonly snapshots: number;
  readonly dropped: number;
  readonly crashes: number;
  /** States lost in crashes, and snapshots that replaced one without the log. */
  readonly lostStates: number;
  readonly tailsKept: number;
  /** Membership changes taken, and how many of them were joint. */
  readonly changes: number;
  readonly joints: number;
  /** Leaders that led until their own removal was committed. */
  readonly retired: number;
}

export interface ChaosOptions {
  readonly seed: number;
  /** Voters at the start. */
  readonly voters: number;
  /** Nodes that may join; with 0 the membership never changes. */
  readonly spares?: number;
  /** Whether a crash may take a node's state, and leave its log. */
  readonly losesStates?: boolean;
}

/**
 * One cluster under loss, repetition, reordering, partitions, late syncs and crashes, chosen by the seed.
 * The oracle checks every step; in the end everything is healed, and the cluster must agree and go on.
 */
export class Chaos {
  readonly #cluster: SimCluster;
  readonly #ids: readonly number[];
  readonly #acknowledged = new Map<string, number>();
  readonly #readFloors = new Map<number, number>();
  #proposals = 0;
  #reads = 0;
  #confirmedReads = 0;
  #crashes = 0;
  #lostStates = 0;
  readonly #losesStates: boolean;
  #changes = 0;
  #joints = 0;
  readonly #changesMembers: boolean;

  constructor({ seed, voters, spares = 0, losesStates = false }: ChaosOptions) {
    this.#losesStates = losesStates;
    this.#ids = Array.from({ length: voters + spares }, (_, at) => at + 1);
    this.#changesMembers = spares > 0;
    this.#cluster = new SimCluster({
      ids: this.#ids,
      seed,
      configuration: votersOf(...this.#ids.slice(0, voters)),
      config: {
        preVote: seed % 4 !== 0,
        // Without leases a removed node that does not know it deposes every leader (dissertation 4.2.3).
        checkQuorum: seed % 5 !== 0 || spares > 0,
        promoteLearners: seed % 3 === 0,
        maxAppendBytes: 100,
        maxInflightAppends: 3,
        maxUncommittedBytes: 2000,
        maxCommittedBytes: 200,
      },
    });
    this.#cluster.autoSync = false;
  }

  run(steps: number): ChaosReport {
    for (let step = 0; step < steps; step += 1) {
      this.#step();
      this.#checkReads();
      this.#noteAcknowledged();
    }
    this.#recover();
    return this.#report();
  }

  #step(): void {
    const cluster = this.#cluster;
    if (this.#changesMembers) {
      const fate = cluster.random();
      if (fate < 0.01) this.#calm();
      if (fate < 0.06) {
        this.#changeMembers();
        return;
      }
    }
    const dice = cluster.random() * 100;
    const id = this.#pick(this.#ids);
    if (dice < 46) this.#deliver();
    else if (dice < 66) cluster.sync(id);
    else if (dice < 82) cluster.act(id, (node) => node.raft.tick());
    else if (dice < 92) this.#propose();
    else if (dice < 95) this.#read(id);
    else if (dice < 96.2) this.#disturbNetwork(id);
    else if (dice < 97.2) this.#crashOrRestart(id);
    else if (dice < 98.4) cluster.act(id, (node) => node.compact());
    else if (dice < 99) cluster.act(id, (node) => node.raft.transferLeadership(this.#pick(this.#ids)));
    else
      for (const each of this.#ids)
        for (let i = 0; i < 3; i += 1) cluster.act(each, (node) => node.raft.tick());
  }

  /** Mostly in order; sometimes any packet, sometimes lost, sometimes twice. */
  #deliver(): void {
    const cluster = this.#cluster;
    if (cluster.packets.length === 0) return;
    const at = cluster.random() < 0.7 ? 0 : Math.floor(cluster.random() * cluster.packets.length);
    const fate = cluster.random();
    const packet = cluster.packets[at];
    if (fate < 0.06) cluster.drop(at);
    else cluster.deliver(at);
    if (fate > 0.95 && packet?.type === "message") cluster.packets.push(packet);
  }

  #propose(): void {
    const { leader, random } = this.#cluster;
    const target = random() < 0.8 && leader !== undefined ? leader.id : this.#pick(this.#ids);
    const texts = Array.from({ length: 1 + Math.floor(random() * 3) }, () => `p${(this.#proposals += 1)}`);
    this.#cluster.propose(target, ...texts);
  }

  /** A change takes several round trips and living members: without calm moments hardly any would succeed. */
  #calm(): void {
    const cluster = this.#cluster;
    cluster.heal();
    for (const id of this.#ids) {
      if (cluster.node(id).isUp) cluster.act(id, (node) => node.raft.tick());
      else cluster.restart(id);
    }
    for (let i = 0; i < 60; i += 1) {
      cluster.sync(this.#pick(this.#ids));
      cluster.deliver(0);
    }
  }

  #changeMembers(): void {
    const { leader, random } = this.#cluster;
    if (leader === undefined) return;
    const change: ConfChange =
      random() < 0.5
        ? this.#memberChange(leader)
        : { type: "joint", changes: [1, 2].map(() => this.#memberChange(leader)) };
    this.#cluster.act(leader.id, (node) => {
      if (!node.raft.proposeConfChange(change).accepted) return;
      this.#changes += 1;
      if (node.raft.configuration.votersOutgoing.length > 0) this.#joints += 1;
    });
  }

  /** One that makes sense, mostly; a leader that is asked to remove itself is worth more than chance gives. */
  #memberChange({ id, raft }: SimNode): MemberChange {
    const { random } = this.#cluster;
    const node = random() < 0.15 ? id : this.#pick(this.#ids);
    const { voters, learners } = raft.configuration;
    if (voters.includes(node)) return { type: "removeNode", node };
    if (learners.includes(node)) return { type: random() < 0.8 ? "promoteLearner" : "removeNode", node };
    return { type: random() < 0.5 ? "addVoter" : "addLearner", node };
  }

  #read(id: number): void {
    const context = (this.#reads += 1);
    this.#readFloors.set(context, this.#cluster.oracle.commitIndex);
    this.#cluster.act(id, (node) => node.raft.readIndex(context));
  }

  /** A confirmed read sees everything that was committed anywhere before it was asked. */
  #checkReads(): void {
    for (const node of this.#cluster.up) {
      for (const { context, index } of node.readStates.splice(0)) {
        this.#confirmedReads += 1;
        const floor = this.#readFloors.get(context) ?? Number.POSITIVE_INFINITY;
        if (index < floor)
          throw new Error(`read ${context} was confirmed at ${index}, but ${floor} was committed`);
      }
    }
  }

  /** A leader acknowledges a proposal once it has applied it. */
  #noteAcknowledged(): void {
    for (const { raft, applied } of this.#cluster.up) {
      if (raft.role !== "leader") continue;
      for (let at = applied.length - 1; at >= 0; at -= 1) {
        const entry = applied[at]!;
        if (entry.term !== raft.term || this.#acknowledged.has(textOf(entry.data))) break;
        if (entry.type === "normal") this.#acknowledged.set(textOf(entry.data), entry.index);
      }
    }
  }

  #disturbNetwork(id: number): void {
    const dice = this.#cluster.random();
    if (dice < 0.4) this.#cluster.heal();
    else if (dice < 0.7) this.#cluster.isolate(id);
    else this.#cluster.connect(id, this.#pick(this.#ids), false);
  }

  #crashOrRestart(id: number): void {
    if (!this.#cluster.node(id).isUp) {
      this.#cluster.restart(id);
      return;
    }
    if (this.#cluster.random() < 0.5) return;
    this.#crashes += 1;
    this.#cluster.crash(id);
    if (this.#losesStates) this.#loseState(id);
  }

  /** Never on the last node that could send one to the others. */
  #loseState(id: number): void {
    const { nodes, random } = this.#cluster;
    const { disk } = this.#cluster.node(id);
    const without = [...nodes.values()].filter((node) => node.disk.hasLostState).length;
    if (disk.hasLostState || without + 1 > (nodes.size - 1) / 2 || random() < 0.3) return;
    disk.loseState();
    if (disk.hasLostState) this.#lostStates += 1;
  }

  #recover(): void {
    const cluster = this.#cluster;
    cluster.heal();
    cluster.autoSync = true;
    for (const node of cluster.nodes.values()) if (!node.isUp) cluster.restart(node.id);
    cluster.settle();
    cluster.tick(120);
    if (cluster.leader === undefined) throw new Error("no leader emerged after everything was healed");
    if (!cluster.propose(cluster.leader.id, "last")) throw new Error("the leader takes no proposals");
    cluster.settle();
    cluster.tick(20);
    this.#checkAgreement();
  }

  #checkAgreement(): void {
    const { oracle, nodes, leader } = this.#cluster;
    oracle.finish();
    if (leader === undefined || leader.raft.status().isChangingMembership)
      throw new Error("no leader is left, or its change of members did not end");
    const { voters, learners } = leader.raft.configuration;
    for (const { id, applied } of nodes.values()) {
      if (!voters.includes(id) && !learners.includes(id)) continue;
      const texts = new Set(applied.map((entry) => textOf(entry.data)));
      if (!texts.has("last")) throw new Error(`node ${id} did not catch up: it ends at ${applied.length}`);
      for (const [text, index] of this.#acknowledged) {
        if (textOf(applied[index - 1]!.data) !== text)
          throw new Error(`acknowledged ${text} was lost on node ${id}`);
      }
      const normal = applied.filter((entry) => entry.type === "normal");
      if (new Set(normal.map((entry) => textOf(entry.data))).size !== normal.length) {
        throw new Error(`node ${id} applied a proposal twice`);
      }
    }
  }

  #pick(ids: readonly number[]): number {
    return ids[Math.floor(this.#cluster.random() * ids.length)]!;
  }

  #report(): ChaosReport {
    const nodes = [...this.#cluster.nodes.values()];
    const sum = (of: (node: (typeof nodes)[number]) => number): number =>
      nodes.reduce((n, node) => n + of(node), 0);
    return {
      commits: this.#cluster.oracle.commitIndex,
      terms: Math.max(...nodes.map((node) => node.raft.term)),
      acknowledged: this.#acknowledged.size,
      reads: this.#confirmedReads,
      snapshots: sum((node) => node.snapshotsTaken),
      dropped: sum((node) => node.dropped.length),
      crashes: this.#crashes,
      lostStates: this.#lostStates,
      tailsKept: sum((node) => node.tailsKept),
      changes: this.#changes,
      joints: this.#joints,
      retired: sum((node) => node.retired),
    };
  }
}
