import type { RaftConfig } from "../../../src/core/raft.ts";
import type { Configuration, Message, PersistedState } from "../../../src/types.ts";
import { Oracle } from "./oracle.ts";
import { seededRandom } from "./seeded-random.ts";
import { SimNode, type Packet } from "./sim-node.ts";
import { bytesOf, emptyState, votersOf } from "./states.ts";

export interface SimClusterOptions {
  readonly ids: readonly number[];
  readonly seed?: number;
  readonly config?: Partial<RaftConfig>;
  readonly configuration?: Configuration;
  /** What a node's disk holds at the start; empty unless given. */
  readonly disks?: Readonly<Record<number, PersistedState>>;
}

/**
 * A cluster in one thread: nothing happens but by a call, in an order that the calls alone decide.
 * Every step is watched by an {@link Oracle}.
 */
export class SimCluster {
  readonly oracle: Oracle = new Oracle();
  readonly random: () => number;
  readonly nodes: ReadonlyMap<number, SimNode>;
  packets: Packet[] = [];
  /** False loses the packet. */
  filter: (packet: Packet) => boolean = () => true;
  /** Whether syncs happen by themselves. */
  autoSync = true;
  readonly #cuts = new Set<string>();

  constructor(options: SimClusterOptions) {
    this.random = seededRandom(options.seed ?? 1);
    const configuration = options.configuration ?? votersOf(...options.ids);
    this.nodes = new Map(
      options.ids.map((id) => [
        id,
        new SimNode({
          config: { id, electionTicks: 10, heartbeatTicks: 2, ...options.config },
          persisted: options.disks?.[id] ?? emptyState(configuration),
          random: this.random,
          emit: (packet) => this.#emit(packet),
          onReady: (node, ready) => this.oracle.observeReady(node, ready),
        }),
      ]),
    );
  }

  node(id: number): SimNode {
    const node = this.nodes.get(id);
    if (node === undefined) throw new Error(`there is no node ${id}`);
    return node;
  }

  get up(): SimNode[] {
    return [...this.nodes.values()].filter((node) => node.isUp);
  }

  /** The leader of the highest term, if any node leads. */
  get leader(): SimNode | undefined {
    const leaders = this.up.filter((node) => node.raft.role === "leader");
    return leaders.sort((a, b) => b.raft.term - a.raft.term)[0];
  }

  /** One call on a node, and what follows from it there. */
  act(id: number, action: (node: SimNode) => void): void {
    const node = this.node(id);
    if (!node.isUp) return;
    action(node);
    this.#follow(node);
  }

  /** Carries everything to its end: syncs and deliveries, oldest first. */
  settle(): void {
    for (let steps = 0; ; steps += 1) {
      if (steps > 100_000) throw new Error("the cluster does not come to rest");
      const busy = this.autoSync ? this.up.find((node) => node.disk.pending > 0) : undefined;
      if (busy !== undefined) this.sync(busy.id);
      else if (this.packets.length > 0) this.deliver(0);
      else return;
    }
  }

  /** Ticks every node that runs, settling after each. */
  tick(count: number = 1): void {
    for (let i = 0; i < count; i += 1) {
      for (const { id } of this.up) this.act(id, (node) => node.raft.tick());
      this.settle();
    }
  }

  deliver(at: number): void {
    const [packet] = this.packets.splice(at, 1);
    if (packet === undefined) return;
    if (!this.#isConnected(packet) || !this.node(packet.to).isUp) this.#lose(packet);
    else this.act(packet.to, (node) => node.receive(packet));
  }

  drop(at: number): void {
    const [packet] = this.packets.splice(at, 1);
    if (packet !== undefined) this.#lose(packet);
  }

  sync(id: number): void {
    this.act(id, (node) => node.disk.sync());
  }

  campaign(id: number): void {
    this.act(id, (node) => node.raft.campaign());
  }

  /** Elects `id` and lets everything settle. */
  elect(id: number): SimNode {
    this.campaign(id);
    this.settle();
    if (this.node(id).raft.role !== "leader") throw new Error(`node ${id} was not elected`);
    return this.node(id);
  }

  /** Proposes on a node; true when accepted. */
  propose(id: number, ...texts: string[]): boolean {
    let accepted = false;
    this.act(id, (node) => (accepted = node.raft.propose(texts.map(bytesOf)).accepted));
    return accepted;
  }

  crash(id: number): void {
    this.node(id).crash();
  }

  restart(id: number): void {
    const node = this.node(id);
    node.restart();
    this.oracle.restarted(node);
    this.#follow(node);
  }

  /** Whether packets pass between a and b. */
  connect(a: number, b: number, isConnected: boolean): void {
    const key = linkOf(a, b);
    if (isConnected) this.#cuts.delete(key);
    else this.#cuts.add(key);
  }

  isolate(id: number): void {
    for (const other of this.nodes.keys()) this.connect(id, other, false);
  }

  heal(): void {
    this.#cuts.clear();
  }

  /** Messages under way of one type. */
  messages<T extends Message["type"]>(type: T): Extract<Message, { type: T }>[] {
    return this.packets.flatMap((packet) =>
      packet.type === "message" && packet.message.type === type
        ? [packet.message as Extract<Message, { type: T }>]
        : [],
    );
  }

  #follow(node: SimNode): void {
    this.oracle.observe(node, [...this.nodes.values()]);
    node.work();
    this.oracle.observe(node, [...this.nodes.values()]);
  }

  #emit(packet: Packet): void {
    if (packet.type === "message") this.oracle.observeSent(packet.message);
    if (this.filter(packet)) this.packets.push(packet);
    else this.#lose(packet);
  }

  /** The sender of a snapshot notices that its stream broke. */
  #lose(packet: Packet): void {
    if (packet.type === "message") return;
    const sender = packet.type === "snapshot" ? packet.from : packet.to;
    const peer = packet.type === "snapshot" ? packet.to : packet.from;
    this.act(sender, (node) => node.raft.snapshotSent(peer, undefined));
  }

  #isConnected(packet: Packet): boolean {
    return !this.#cuts.has(linkOf(packet.from, packet.to));
  }
}

function linkOf(a: number, b: number): string {
  return a < b ? `${a}-${b}` : `${b}-${a}`;
}
