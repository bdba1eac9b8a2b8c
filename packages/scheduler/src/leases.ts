import type { Node } from "@coxswain/state-machine";
import type { SchedulerClock, SchedulerStore } from "./contracts.ts";
import type { SchedulerSettings } from "./settings.ts";

/** A node's request to go on running attempts. */
export interface Heartbeat {
  readonly nodeId: number;
  readonly incarnation: number;
  /** The node is shutting down: what runs there goes on, nothing new is placed on it. Default false. */
  readonly leaving?: boolean;
}

export type HeartbeatRefusal =
  /** Ask whoever leads now. */
  | "NOT_LEADER"
  /** Register first (G2). */
  | "NOT_REGISTERED"
  /** Another start of this node is registered: this one is over, or its registration is not applied yet. */
  | "OTHER_INCARNATION"
  /** Declared lost: its attempts were given away. Register again, as a newer incarnation. */
  | "LOST";

export interface HeartbeatAnswer {
  readonly granted: boolean;
  /** How long attempts may run, from the sending of the request. 0 when refused. */
  readonly leaseMs: number;
  readonly reason?: HeartbeatRefusal;
}

/** A lease as the leader sees it. */
export interface LeaseView {
  readonly nodeId: number;
  readonly incarnation: number;
  readonly remainingMs: number;
}

interface Watched {
  readonly incarnation: number;
  /** A process that was cut off registers again, perhaps without a new start. */
  readonly registeredAtMs: number;
  /** When it was first seen here or last granted, on the monotonic clock. */
  heardMs: number;
  granted: boolean;
  leaving: boolean;
  /** Once decided it stays so for this registration, whatever becomes of the proposal: no grant may follow it. */
  condemned: boolean;
}

/** The leases that this leader has granted (G12). They live in its memory alone: a successor waits them out. */
export class Leases {
  readonly #store: Pick<SchedulerStore, "nodes" | "node">;
  readonly #clock: Pick<SchedulerClock, "monotonicMs">;
  readonly #settings: Pick<SchedulerSettings, "nodeTtlMs" | "leaseMarginMs">;
  readonly #watched = new Map<number, Watched>();

  constructor(
    store: Pick<SchedulerStore, "nodes" | "node">,
    clock: Pick<SchedulerClock, "monotonicMs">,
    settings: Pick<SchedulerSettings, "nodeTtlMs" | "leaseMarginMs">,
  ) {
    this.#store = store;
    this.#clock = clock;
    this.#settings = settings;
  }

  /** The caller has confirmed its quorum since the request arrived. */
  heartbeat({ nodeId, incarnation, leaving = false }: Heartbeat): HeartbeatAnswer {
    const node = this.#store.node(nodeId);
    if (node === undefined) return refused("NOT_REGISTERED");
    if (node.incarnation !== incarnation) return refused("OTHER_INCARNATION");
    const watched = this.#watch(node);
    if (node.lost || watched.condemned) return refused("LOST");
    watched.heardMs = this.#clock.monotonicMs();
    watched.granted = true;
    watched.leaving = leaving;
    return { granted: true, leaseMs: this.#settings.nodeTtlMs };
  }

  /** Whether the node may be given work: its newest incarnation holds a lease and is not leaving. */
  takesWork(node: Node): boolean {
    return this.#remainingMs(node) > 0 && this.#watched.get(node.id)?.leaving === false;
  }

  list(): readonly LeaseView[] {
    return this.#store.nodes().flatMap((node) => {
      const remainingMs = this.#remainingMs(node);
      return remainingMs > 0 ? [{ nodeId: node.id, incarnation: node.incarnation, remainingMs }] : [];
    });
  }

  /** Takes note of nodes that registered: their time to be heard of begins. Forgets those that are gone. */
  observe(): void {
    const nodes = this.#store.nodes();
    for (const node of nodes) this.#watch(node);
    if (this.#watched.size === nodes.length) return;
    const ids = new Set(nodes.map((node) => node.id));
    for (const id of this.#watched.keys()) if (!ids.has(id)) this.#watched.delete(id);
  }

  /** Nodes unheard of for longer than any lease can last. They get no lease again until they register. */
  condemn(): readonly Node[] {
    const nowMs = this.#clock.monotonicMs();
    const { nodeTtlMs, leaseMarginMs } = this.#settings;
    return this.#store.nodes().filter((node) => {
      if (node.lost) return false;
      const watched = this.#watch(node);
      // A predecessor may have granted longer leases than this leader does; a node uses no more than it told.
      if (nowMs - watched.heardMs > Math.max(nodeTtlMs, node.maxLeaseMs) + leaseMarginMs) watched.condemned = true;
      return watched.condemned;
    });
  }

  #remainingMs(node: Node): number {
    const watched = this.#watched.get(node.id);
    if (node.lost || watched === undefined || !isOf(watched, node)) return 0;
    if (!watched.granted || watched.condemned) return 0;
    return Math.max(0, watched.heardMs + this.#settings.nodeTtlMs - this.#clock.monotonicMs());
  }

  #watch(node: Node): Watched {
    const known = this.#watched.get(node.id);
    if (known !== undefined && isOf(known, node)) return known;
    const { incarnation, registeredAtMs } = node;
    const watched = { incarnation, registeredAtMs, heardMs: this.#clock.monotonicMs(), granted: false, leaving: false, condemned: false };
    this.#watched.set(node.id, watched);
    return watched;
  }
}

function isOf(watched: Watched, node: Node): boolean {
  return watched.incarnation === node.incarnation && watched.registeredAtMs === node.registeredAtMs;
}

function refused(reason: HeartbeatRefusal): HeartbeatAnswer {
  return { granted: false, leaseMs: 0, reason };
}
