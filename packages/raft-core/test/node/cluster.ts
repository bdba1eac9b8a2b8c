import {
  type Configuration,
  ManualClock,
  MemoryLogStorage,
  MemoryNetwork,
  MemoryStateMachine,
  type NodeId,
  RaftNode,
  type RaftNodeEvent,
  type RaftNodeSettings,
  type RaftObserver,
} from "../../src/index.ts";

/** One member of a {@link Cluster}: what survives a crash, and the node that runs on it, if any. */
export class Place {
  readonly id: NodeId;
  readonly events: RaftNodeEvent[] = [];
  storage = new MemoryLogStorage();
  stateMachine = new MemoryStateMachine();
  /** Taken at the start. */
  observer: RaftObserver | undefined;
  running: RaftNode<string | undefined> | undefined;

  constructor(id: NodeId) {
    this.id = id;
  }

  get node(): RaftNode<string | undefined> {
    if (this.running === undefined) throw new Error(`node ${this.id} does not run`);
    return this.running;
  }

  eventsOf<Type extends RaftNodeEvent["type"]>(type: Type): (RaftNodeEvent & { type: Type })[] {
    return this.events.filter((event): event is RaftNodeEvent & { type: Type } => event.type === type);
  }
}

/** Nodes in one process on a clock that only the test moves. */
export class Cluster {
  readonly clock = new ManualClock({ settle: eventLoopTurn });
  readonly network = new MemoryNetwork();
  readonly places: readonly Place[];
  readonly bootstrap: Configuration;
  readonly #settings: Partial<RaftNodeSettings>;

  /** The first `voters` of them found the cluster; the others may join. */
  constructor(size: number, settings: Partial<RaftNodeSettings> = {}, voters: number = size) {
    this.places = Array.from({ length: size }, (_, i) => new Place(i + 1));
    const founders = this.places.slice(0, voters).map(({ id }) => id);
    this.bootstrap = { voters: founders, votersOutgoing: [], learners: [] };
    this.#settings = settings;
  }

  static async started(
    size: number,
    settings: Partial<RaftNodeSettings> = {},
    voters: number = size,
  ): Promise<Cluster> {
    const cluster = new Cluster(size, settings, voters);
    for (const { id } of cluster.places) await cluster.start(id);
    return cluster;
  }

  /** Started, and with a leader that is ready. */
  static async led(
    size: number,
    settings: Partial<RaftNodeSettings> = {},
    voters: number = size,
  ): Promise<{ cluster: Cluster; leader: Place }> {
    const cluster = await Cluster.started(size, settings, voters);
    return { cluster, leader: await cluster.leader() };
  }

  place(id: NodeId): Place {
    const place = this.places.find((other) => other.id === id);
    if (place === undefined) throw new Error(`no node ${id}`);
    return place;
  }

  others(place: Place): Place[] {
    return this.places.filter((other) => other !== place);
  }

  async start(id: NodeId, settings: Partial<RaftNodeSettings> = {}): Promise<Place> {
    const place = this.place(id);
    const starting = RaftNode.start({
      id,
      bootstrap: this.bootstrap,
      storage: place.storage,
      stateMachine: place.stateMachine,
      transport: this.network.transport(id),
      clock: this.clock,
      random: sequenceOf(id),
      onEvent: (event) => void place.events.push(event),
      ...(place.observer && { observer: place.observer }),
      ...this.#settings,
      ...settings,
    });
    place.running = await this.result(starting);
    return place;
  }

  /** Kills a node: what was not durable is lost, but for the first `keepUnsynced` writes. */
  async crash(place: Place, keepUnsynced = 0): Promise<void> {
    await this.result(this.#cutPower(place, keepUnsynced));
  }

  /** Kills every running node at the same instant. */
  async blackout(): Promise<void> {
    const running = this.places.filter((place) => place.running !== undefined);
    await this.result(Promise.all(running.map((place) => this.#cutPower(place, 0))));
  }

  /** Moves time on until some running node is a ready leader. */
  async leader(): Promise<Place> {
    await this.until(() => this.currentLeader() !== undefined, "a leader is ready");
    const leader = this.currentLeader();
    if (leader === undefined) throw new Error("no leader");
    return leader;
  }

  currentLeader(): Place | undefined {
    const leaders = this.places.filter(({ running }) => running?.status().leaderReady === true);
    return leaders.sort((a, b) => b.node.status().term - a.node.status().term)[0];
  }

  async until(condition: () => boolean, claim: string, limitMs = 20_000): Promise<void> {
    for (let waitedMs = 0; waitedMs <= limitMs; waitedMs += 10) {
      if (condition()) return;
      await this.clock.advance(10);
    }
    throw new Error(`${limitMs} ms passed before: ${claim}`);
  }

  /** Settles a promise by moving time on. */
  async result<Value>(promise: Promise<Value>, limitMs = 20_000): Promise<Value> {
    let settled = false;
    const done = (): void => void (settled = true);
    promise.then(done, done);
    await this.clock.settle();
    await this.until(() => settled, "the promise settles", limitMs);
    return promise;
  }

  /** Every running node has applied the same, up to the leader's last entry. */
  async converge(): Promise<void> {
    await this.until(() => {
      const running = this.places.filter((place) => place.running !== undefined);
      const last = Math.max(...running.map((place) => place.node.status().lastIndex));
      return running.every((place) => place.stateMachine.appliedIndex() === last);
    }, "all nodes have applied the whole log");
  }

  async stop(): Promise<void> {
    for (const { running } of this.places) if (running !== undefined) await this.result(running.stop());
  }

  /** Takes effect at once; what it returns only waits for the dead node to let go. */
  #cutPower(place: Place, keepUnsynced: number): Promise<void> {
    const node = place.node;
    place.running = undefined;
    void this.network.transport(place.id).close();
    place.storage = place.storage.crash({ keepUnsynced });
    place.stateMachine = place.stateMachine.crash();
    return node.stop();
  }
}

/** After one turn of the event loop every microtask has run, and so has everything the twins do. */
export function eventLoopTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A fixed sequence of numbers in [0, 1), different for each node. */
export function sequenceOf(seed: number): () => number {
  let state = seed * 0x9e3779b9;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** A promise with its ends in the open. */
export function gate(): { readonly opened: Promise<void>; open(): void } {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open: () => open() };
}

/** What a promise rejects with; throws when it does not. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("the promise did not reject");
}
