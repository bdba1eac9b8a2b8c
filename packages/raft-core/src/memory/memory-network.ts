import type { Clock } from "../contracts.ts";
import type { Message, NodeId } from "../types.ts";
import { MemoryTransport } from "./memory-transport.ts";

/** How many messages may travel on one link at a time unless told otherwise. */
const DEFAULT_MAX_QUEUED_MESSAGES = 4096;

/** How a {@link MemoryNetwork} treats what is sent. */
export interface MemoryNetworkOptions {
  /** Needed only with a latency. */
  readonly clock?: Clock;
  /** How long a message travels, in milliseconds. Default: it arrives in the next microtask. */
  readonly latencyMs?: number;
  /** Messages that may be on their way on one link; more are dropped. Default 4096. */
  readonly maxQueuedMessages?: number;
}

/** A network in memory whose links can be cut. One {@link MemoryTransport} stands for one process. */
export class MemoryNetwork {
  readonly #transports = new Map<NodeId, MemoryTransport>();
  readonly #cut = new Set<string>();
  readonly #queued = new Map<string, number>();
  readonly #dropped = new Map<NodeId, number>();
  readonly #options: MemoryNetworkOptions;
  #filter: (message: Message) => boolean = () => true;

  constructor(options: MemoryNetworkOptions = {}) {
    if (options.latencyMs !== undefined && options.clock === undefined) {
      throw new TypeError("A network with a latency needs a clock: pass { clock, latencyMs }.");
    }
    this.#options = options;
  }

  /** The end of the network for a node. Asking again replaces the earlier one, as a restarted process would. */
  transport(id: NodeId): MemoryTransport {
    const transport = new MemoryTransport(id, this);
    this.#transports.set(id, transport);
    return transport;
  }

  /** Cuts both directions between two nodes. */
  cut(a: NodeId, b: NodeId): void {
    this.#cut.add(link(a, b)).add(link(b, a));
  }

  /** Cuts a node off from every other. */
  isolate(id: NodeId): void {
    for (const other of this.#transports.keys()) if (other !== id) this.cut(id, other);
  }

  /** Mends every link. */
  heal(): void {
    this.#cut.clear();
  }

  /** Lets only the messages pass for which `filter` says true. */
  allow(filter: (message: Message) => boolean): void {
    this.#filter = filter;
  }

  /** Whether a message from one node would reach the other now. */
  connected(from: NodeId, to: NodeId): boolean {
    return this.#transports.has(to) && !this.#cut.has(link(from, to));
  }

  /** Called by the transports. */
  carry(from: NodeId, to: NodeId, messages: readonly Message[]): void {
    const key = link(from, to);
    const queued = this.#queued.get(key) ?? 0;
    const room = (this.#options.maxQueuedMessages ?? DEFAULT_MAX_QUEUED_MESSAGES) - queued;
    const taken = this.connected(from, to) ? messages.filter(this.#filter).slice(0, Math.max(0, room)) : [];
    this.#drop(from, messages.length - taken.length);
    if (taken.length === 0) return;
    this.#queued.set(key, queued + taken.length);
    this.#later(() => {
      this.#queued.set(key, (this.#queued.get(key) ?? 0) - taken.length);
      if (this.connected(from, to)) this.#transports.get(to)?.deliver(taken);
      else this.#drop(from, taken.length);
    });
  }

  /** Messages of a node that did not arrive, so far. */
  droppedMessages(from: NodeId): number {
    return this.#dropped.get(from) ?? 0;
  }

  /** Called by the transports: the open end at a node, if the link to it stands. */
  peer(from: NodeId, to: NodeId): MemoryTransport | undefined {
    return this.connected(from, to) ? this.#transports.get(to) : undefined;
  }

  /** Called by a transport when it closes. */
  leave(id: NodeId, transport: MemoryTransport): void {
    if (this.#transports.get(id) === transport) this.#transports.delete(id);
  }

  #drop(from: NodeId, messages: number): void {
    if (messages > 0) this.#dropped.set(from, this.droppedMessages(from) + messages);
  }

  #later(callback: () => void): void {
    const { clock, latencyMs } = this.#options;
    if (clock === undefined || latencyMs === undefined) queueMicrotask(callback);
    else clock.after(latencyMs, callback);
  }
}

function link(from: NodeId, to: NodeId): string {
  return `${from}>${to}`;
}
