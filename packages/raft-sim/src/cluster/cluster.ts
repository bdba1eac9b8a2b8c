import type { Configuration, NodeId, RaftConfig } from "@coxswain/raft-core";
import { Judge } from "../checks/judge.ts";
import { LeaseWatch } from "../checks/lease-watch.ts";
import type { Counters } from "../counters.ts";
import type { EngineFactory } from "../engine.ts";
import { EventQueue } from "../event-queue.ts";
import { type Profile, TICK_US } from "../faults/profile.ts";
import { Random } from "../random.ts";
import { DamagedLogError, type SimDisk } from "./disk.ts";
import { type Device, DEVICES, type Pending } from "./disk-operation.ts";
import type { SimEvent } from "./event.ts";
import { Network } from "./network.ts";
import type { NodeHost, PowerCut, StorageCall } from "./observer.ts";
import type { Packet } from "./packet.ts";
import { Pauses } from "./pauses.ts";
import { PowerCuts } from "./power-cuts.ts";
import { SimNode } from "./sim-node.ts";
import { Usurper } from "./usurper.ts";

/** Sender of a lost snapshot notices after this long. */
const BROKEN_STREAM_US = 30_000;

export interface ClusterOptions {
  readonly seed: number;
  readonly profile: Profile;
  readonly engine: EngineFactory;
  readonly counters: Counters;
  /** Whether a node whose disk was emptied may start under its old id. The real answer is no (G1). */
  readonly admitsWiped: boolean;
}

/** Nodes, network, disks and clocks, all on one queue of events; nothing happens but by the next of them. */
export class Cluster implements NodeHost {
  readonly nodes: Map<NodeId, SimNode> = new Map();
  readonly queue: EventQueue<SimEvent> = new EventQueue();
  readonly network: Network;
  readonly observer: Judge;
  readonly powerCuts: PowerCuts;
  /** Nodes whose disk is slow, and by what factor. */
  readonly slowDisks: Map<NodeId, number> = new Map();
  readonly pauses: Pauses = new Pauses(this.queue);
  readonly usurper: Usurper = new Usurper(this);
  readonly profile: Profile;
  readonly counters: Counters;
  /** No more trouble: what remains is to recover. */
  isCalm = false;
  readonly #options: ClusterOptions;
  readonly #tickUs = new Map<NodeId, number>();
  readonly #busyUntilUs: Readonly<Record<Device, Map<NodeId, number>>> = { log: new Map(), state: new Map() };
  readonly #engineRandom: Random;
  readonly #diskRandom: Random;
  readonly #clockRandom: Random;
  readonly #batchRandom: Random;

  constructor(options: ClusterOptions) {
    const { seed, profile, counters } = options;
    this.#options = options;
    this.profile = profile;
    this.counters = counters;
    this.powerCuts = new PowerCuts(counters);
    this.#engineRandom = new Random(seed, 3);
    this.#diskRandom = new Random(seed, 4);
    this.#clockRandom = new Random(seed, 5);
    this.#batchRandom = new Random(seed, 6);
    const closeUs = profile.config.electionTicks * TICK_US;
    const leases = new LeaseWatch(counters, () => this.queue.nowUs, closeUs);
    const onDeposed = (node: SimNode): void => this.#readAt(node);
    this.observer = new Judge({
      nodes: this.nodes,
      random: new Random(seed, 7),
      leases,
      counters,
      onDeposed,
    });
    this.network = new Network({
      profile,
      random: new Random(seed, 8),
      counters,
      arriveIn: (delayUs, packet) => this.queue.add(delayUs, { type: "packet", packet }),
      lost: (packet) => this.lose(packet),
    });
  }

  /** Founds the cluster: every node knows of all. */
  found(): void {
    const voters = Array.from({ length: this.profile.nodes }, (_, at) => at + 1);
    const founding = { voters, votersOutgoing: [], learners: [] };
    this.observer.membership.founded(founding);
    for (const id of voters) this.addNode(id, founding);
  }

  addNode(id: NodeId, bootstrap: Configuration): void {
    const { profile, engine } = this.#options;
    const pace = this.#clockRandom.between(1 / profile.skew, profile.skew);
    const config = { id, ...profile.config, ...this.#leaseConfig(pace) };
    const random = this.#engineRandom.next;
    const compactEvery = profile.compactEvery;
    this.nodes.set(id, new SimNode({ config, bootstrap, engine, random, host: this, compactEvery }));
    this.#tickUs.set(id, TICK_US * pace);
    if (pace !== 1) this.counters.skewedClocks += 1;
    this.start(id);
  }

  /** A client has seen what a new leader committed, and asks the old one, who may not know: the worst that it can do. */
  #readAt({ id, epoch }: SimNode): void {
    if (this.profile.readShare === 0) return;
    this.counters.deposedReads += 1;
    this.queue.add(0, { type: "read", node: id, epoch });
  }

  /** By the same clock as the node's ticks; but it goes on while the node stands still, or is down. */
  #leaseConfig(pace: number): Pick<RaftConfig, "lease"> {
    const { leaseUs } = this.profile;
    if (leaseUs === 0) return {};
    return { lease: { now: () => this.queue.nowUs / pace, duration: leaseUs } };
  }

  node(id: NodeId): SimNode | undefined {
    return this.nodes.get(id);
  }

  /** Nodes that run, and do not stand still. */
  get awake(): SimNode[] {
    return [...this.nodes.values()].filter(({ id, isUp }) => isUp && !this.pauses.has(id));
  }

  /** The leader of the highest term among nodes that are awake. */
  get leader(): SimNode | undefined {
    let leader: SimNode | undefined;
    for (const node of this.nodes.values()) {
      if (!node.isUp || node.raft.role !== "leader" || this.pauses.has(node.id)) continue;
      if (leader === undefined || node.raft.term > leader.raft.term) leader = node;
    }
    return leader;
  }

  /** Power on; a node whose log is damaged stays down for good. */
  start(id: NodeId): void {
    const node = this.nodes.get(id);
    if (node === undefined || node.isUp || node.isLost) return;
    try {
      if (!node.start()) return;
    } catch (error) {
      if (!(error instanceof DamagedLogError)) throw error;
      node.isLost = true;
      this.counters.damagedLogs += 1;
      return;
    }
    for (const device of DEVICES) this.#busyUntilUs[device].delete(id);
    this.scheduleTick(node);
    // What the core wants done at once.
    node.act(() => undefined);
  }

  crash(id: NodeId): void {
    const node = this.nodes.get(id);
    if (node === undefined || !node.isUp) return;
    const isTearing = this.#diskRandom.chance(0.5);
    node.crash(this.survivors(node.disk), isTearing);
  }

  /** The state is damaged or gone, the log whole: a log that reaches back to its beginning brings it back (G17). */
  loseState(node: SimNode): void {
    node.loseState();
    this.counters.lostStates += 1;
    if (!node.disk.needsSnapshot) this.counters.replayedStates += 1;
  }

  /**
   * The disk is replaced by an empty one. Whoever comes back with it is not who was known by that id: the peers
   * refuse it (G1), and it returns, if at all, as another member under a new id.
   */
  wipe(node: SimNode): void {
    this.counters.wipedDisks += 1;
    if (this.#options.admitsWiped) {
      node.wipe();
      return;
    }
    node.isLost = true;
    this.counters.refusedDisks += 1;
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
    this.usurper.sends(packet);
    this.network.send(packet, this.queue.nowUs);
  }

  diskBusy({ id, epoch }: SimNode, device: Device): void {
    const { nowUs } = this.queue;
    const busyUntilUs = this.#busyUntilUs[device];
    const factor = this.slowDisks.get(id) ?? 1;
    const startUs = Math.max(nowUs, busyUntilUs.get(id) ?? 0);
    const endUs = Math.round(startUs + 50 + this.#diskRandom.exponential(this.profile.meanSyncUs) * factor);
    busyUntilUs.set(id, endUs);
    this.queue.addAt(endUs, { type: "disk", node: id, epoch, device });
  }

  applyBusy({ id, epoch }: SimNode): boolean {
    const { meanApplyUs } = this.profile;
    if (meanApplyUs === 0 || this.isCalm) return false;
    this.counters.slowApplies += 1;
    this.queue.add(this.#diskRandom.exponential(meanApplyUs), { type: "apply", node: id, epoch });
    return true;
  }

  defersReady({ id }: SimNode): boolean {
    if (!this.pauses.hasBacklog(id) && (this.isCalm || !this.#batchRandom.chance(this.profile.batchChance)))
      return false;
    this.counters.deferredReadies += 1;
    return true;
  }

  powerCut({ id }: SimNode, call: StorageCall): PowerCut | undefined {
    return this.powerCuts.at(id, call);
  }

  survivors(disk: SimDisk): Pending {
    return { log: this.#survivorsOf(disk.pending("log")), state: this.#survivorsOf(disk.pending("state")) };
  }

  #survivorsOf(pending: number): number {
    let count = 0;
    while (count < pending && this.#diskRandom.chance(this.profile.survivalChance)) count += 1;
    return count;
  }

  breaksInstall(): boolean {
    if (this.isCalm || !this.#diskRandom.chance(this.profile.brokenInstallChance)) return false;
    this.counters.brokenInstalls += 1;
    return true;
  }

  /** Its power comes back after a while. */
  crashed(id: NodeId): void {
    this.counters.crashes += 1;
    this.powerCuts.crashed(id);
    this.pauses.end(id);
    const downUs = this.isCalm ? 1_000 : 5_000 + this.#clockRandom.exponential(80_000);
    this.queue.add(downUs, { type: "start", node: id });
  }
}
