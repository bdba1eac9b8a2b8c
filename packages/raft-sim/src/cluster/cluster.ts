import type { Configuration, NodeId } from "@coxswain/raft-core";
import { Judge } from "../checks/judge.ts";
import type { Counters } from "../counters.ts";
import type { EngineFactory } from "../engine.ts";
import { EventQueue } from "../event-queue.ts";
import { type Profile, TICK_US } from "../faults/profile.ts";
import { Random } from "../random.ts";
import { DamagedLogError } from "./disk.ts";
import type { SimEvent } from "./event.ts";
import { Network } from "./network.ts";
import type { NodeHost, PowerCut } from "./observer.ts";
import type { Packet } from "./packet.ts";
import { SimNode } from "./sim-node.ts";

/** Sender of a lost snapshot notices after this long. */
const BROKEN_STREAM_US = 30_000;

export interface ClusterOptions {
  readonly seed: number;
  readonly profile: Profile;
  readonly engine: EngineFactory;
  readonly counters: Counters;
}

/** Nodes, network, disks and clocks, all on one queue of events; nothing happens but by the next of them. */
export class Cluster implements NodeHost {
  readonly nodes: Map<NodeId, SimNode> = new Map();
  readonly queue: EventQueue<SimEvent> = new EventQueue();
  readonly network: Network;
  readonly observer: Judge;
  /** The power of a node fails at one of its next storage calls. */
  readonly armed: Map<NodeId, { calls: number; readonly cut: PowerCut }> = new Map();
  /** Nodes whose disk is slow, and by what factor. */
  readonly slowDisks: Map<NodeId, number> = new Map();
  readonly profile: Profile;
  readonly counters: Counters;
  /** No more trouble: what remains is to recover. */
  isCalm = false;
  readonly #options: ClusterOptions;
  readonly #tickUs = new Map<NodeId, number>();
  readonly #diskBusyUntilUs = new Map<NodeId, number>();
  readonly #engineRandom: Random;
  readonly #diskRandom: Random;
  readonly #clockRandom: Random;
  readonly #batchRandom: Random;

  constructor(options: ClusterOptions) {
    const { seed, profile, counters } = options;
    this.#options = options;
    this.profile = profile;
    this.counters = counters;
    this.#engineRandom = new Random(seed, 3);
    this.#diskRandom = new Random(seed, 4);
    this.#clockRandom = new Random(seed, 5);
    this.#batchRandom = new Random(seed, 6);
    this.observer = new Judge(this.nodes, new Random(seed, 7));
    this.network = new Network({
      profile,
      random: new Random(seed, 8),
      arriveIn: (delayUs, packet) => this.queue.add(delayUs, { type: "packet", packet }),
      lost: (packet) => this.lose(packet),
    });
  }

  /** Founds the cluster: every node knows of all. */
  found(): void {
    const voters = Array.from({ length: this.profile.nodes }, (_, at) => at + 1);
    this.observer.commits.founded(voters);
    for (const id of voters) this.addNode(id, { voters, votersOutgoing: [], learners: [] });
  }

  addNode(id: NodeId, bootstrap: Configuration): void {
    const { profile, engine } = this.#options;
    const config = { id, ...profile.config };
    const random = this.#engineRandom.next;
    const compactEvery = profile.compactEvery;
    this.nodes.set(id, new SimNode({ config, bootstrap, engine, random, host: this, compactEvery }));
    const pace = this.#clockRandom.between(1 / profile.skew, profile.skew);
    this.#tickUs.set(id, TICK_US * pace);
    this.start(id);
  }

  node(id: NodeId): SimNode | undefined {
    return this.nodes.get(id);
  }

  get up(): SimNode[] {
    return [...this.nodes.values()].filter((node) => node.isUp);
  }

  /** The leader of the highest term among nodes that run. */
  get leader(): SimNode | undefined {
    let leader: SimNode | undefined;
    for (const node of this.nodes.values()) {
      if (!node.isUp || node.raft.role !== "leader") continue;
      if (leader === undefined || node.raft.term > leader.raft.term) leader = node;
    }
    return leader;
  }

  /** Power on; a node whose log is damaged stays down for good. */
  start(id: NodeId): void {
    const node = this.nodes.get(id);
    if (node === undefined || node.isUp || node.isDamaged) return;
    try {
      node.start();
    } catch (error) {
      if (!(error instanceof DamagedLogError)) throw error;
      node.isDamaged = true;
      this.counters.damagedNodes += 1;
      return;
    }
    this.#diskBusyUntilUs.delete(id);
    this.scheduleTick(node);
    // What the core wants done at once.
    node.act(() => undefined);
  }

  crash(id: NodeId): void {
    const node = this.nodes.get(id);
    if (node === undefined || !node.isUp) return;
    const isTorn = this.#diskRandom.chance(0.5);
    node.crash(this.survivors(node.disk.pending), isTorn);
    if (isTorn) this.counters.tornWrites += 1;
  }

  scheduleTick({ id, epoch }: SimNode): void {
    this.queue.add(this.#tickUs.get(id) ?? TICK_US, { type: "tick", node: id, epoch });
  }

  /** A packet that will not arrive. The sender of a snapshot notices that its stream broke. */
  lose(packet: Packet): void {
    this.counters.lostMessages += 1;
    if (packet.type !== "snapshot" && packet.type !== "snapshotResult") return;
    const isRequest = packet.type === "snapshot";
    const sender = isRequest ? packet.from : packet.to;
    const peer = isRequest ? packet.to : packet.from;
    const broken = { type: "snapshotResult", from: peer, to: sender, meta: undefined } as const;
    this.queue.add(BROKEN_STREAM_US, { type: "packet", packet: broken });
  }

  send(packet: Packet): void {
    this.counters.messages += 1;
    this.network.send(packet, this.queue.nowUs);
  }

  diskBusy({ id, epoch }: SimNode): void {
    const { nowUs } = this.queue;
    const factor = this.slowDisks.get(id) ?? 1;
    const startUs = Math.max(nowUs, this.#diskBusyUntilUs.get(id) ?? 0);
    const endUs = Math.round(startUs + 50 + this.#diskRandom.exponential(this.profile.meanSyncUs) * factor);
    this.#diskBusyUntilUs.set(id, endUs);
    this.queue.addAt(endUs, { type: "disk", node: id, epoch });
  }

  applyBusy({ id, epoch }: SimNode): boolean {
    const { meanApplyUs } = this.profile;
    if (meanApplyUs === 0 || this.isCalm) return false;
    this.queue.add(this.#diskRandom.exponential(meanApplyUs), { type: "apply", node: id, epoch });
    return true;
  }

  defersReady(): boolean {
    return !this.isCalm && this.#batchRandom.chance(this.profile.batchChance);
  }

  powerCut({ id }: SimNode): PowerCut | undefined {
    const armed = this.armed.get(id);
    if (armed === undefined) return undefined;
    armed.calls -= 1;
    if (armed.calls > 0) return undefined;
    this.armed.delete(id);
    this.counters.storageCrashes += 1;
    if (armed.cut === "torn") this.counters.tornWrites += 1;
    return armed.cut;
  }

  survivors(pending: number): number {
    let count = 0;
    while (count < pending && this.#diskRandom.chance(this.profile.survivalChance)) count += 1;
    return count;
  }

  breaksInstall(): boolean {
    return !this.isCalm && this.#diskRandom.chance(this.profile.brokenInstallChance);
  }

  /** Its power comes back after a while. */
  crashed(id: NodeId): void {
    this.counters.crashes += 1;
    this.armed.delete(id);
    const downUs = this.isCalm ? 1_000 : 5_000 + this.#clockRandom.exponential(80_000);
    this.queue.add(downUs, { type: "start", node: id });
  }
}
