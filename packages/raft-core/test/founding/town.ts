/** A few nodes that can be started, stopped, wiped and cut off, on memory disks. */
import type { ConfiguredNode, FoundedIdentity, PeerIdentity } from "../../src/founding/index.ts";
import {
  describeIdentity,
  foundOrJoin,
  MemoryIdentityStore,
  startIdentity,
} from "../../src/founding/index.ts";

export function node(id: number): ConfiguredNode {
  return { id, address: `host-${id}:50051` };
}

/** Runs `foundOrJoin` for nodes whose answers come from what each has saved. */
export class Town {
  readonly disks = new Map<number, MemoryIdentityStore>();
  readonly configured = new Map<number, number[]>();
  readonly unreachable = new Set<number>();
  readonly stop = new AbortController();
  readonly waiting: number[][] = [];
  clustersFounded = 0;
  #uuids = 0;
  #rounds: (() => void)[] = [];

  /** Powers a node on: it has an identity and answers, but has not founded or joined yet. */
  async boot(id: number, members: number[]): Promise<MemoryIdentityStore> {
    const disk = this.disks.get(id) ?? new MemoryIdentityStore();
    this.disks.set(id, disk);
    this.configured.set(id, members);
    await startIdentity(disk, () => `uuid-${++this.#uuids}`);
    return disk;
  }

  wipe(id: number): void {
    this.disks.delete(id);
  }

  /** Boots the node and lets it found or join. */
  async start(id: number, members: number[]): Promise<FoundedIdentity> {
    const disk = await this.boot(id, members);
    const identity = disk.saved;
    if (!identity) throw new Error("the node has just been booted");
    return foundOrJoin({
      self: node(id),
      peers: members.filter((member) => member !== id).map(node),
      identity,
      store: disk,
      identify: (peer) => this.answer(peer.id),
      wait: () => new Promise((resolve) => this.#rounds.push(resolve)),
      newClusterId: () => `cluster-${++this.clustersFounded}`,
      signal: this.stop.signal,
      onWaiting: (unanswered) => {
        this.waiting.push([...unanswered]);
        this.#onWaiting?.();
      },
    });
  }

  async answer(id: number): Promise<PeerIdentity> {
    const saved = this.disks.get(id)?.saved;
    if (!saved || this.unreachable.has(id)) throw new Error(`node ${id} does not answer`);
    return describeIdentity(saved, { id, configured: this.configured.get(id) ?? [] });
  }

  /** Resolves when a node reported `count` waits in all. */
  async waits(count: number): Promise<void> {
    while (this.waiting.length < count) await new Promise<void>((resolve) => (this.#onWaiting = resolve));
  }

  /** Lets every waiting node ask again. */
  nextRound(): void {
    const rounds = this.#rounds;
    this.#rounds = [];
    for (const resume of rounds) resume();
  }

  #onWaiting: (() => void) | undefined;
}
