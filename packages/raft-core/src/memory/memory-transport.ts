import type { IncomingSnapshot, Transport } from "../contracts.ts";
import type { Message, NodeId, SnapshotMeta } from "../types.ts";
import type { MemoryNetwork } from "./memory-network.ts";

/** One node's end of a {@link MemoryNetwork}. Made by `network.transport(id)`. */
export class MemoryTransport implements Transport {
  readonly #id: NodeId;
  readonly #network: MemoryNetwork;
  #onMessages: ((messages: readonly Message[]) => void) | undefined;
  #onSnapshot: ((snapshot: IncomingSnapshot) => Promise<void>) | undefined;
  #closed = false;

  constructor(id: NodeId, network: MemoryNetwork) {
    this.#id = id;
    this.#network = network;
  }

  send(messages: readonly Message[]): void {
    if (this.#closed) return;
    const byReceiver = new Map<NodeId, Message[]>();
    for (const message of messages) {
      const group = byReceiver.get(message.to);
      if (group === undefined) byReceiver.set(message.to, [message]);
      else group.push(message);
    }
    for (const [to, group] of byReceiver) this.#network.carry(this.#id, to, group);
  }

  droppedMessages(): number {
    return this.#network.droppedMessages(this.#id);
  }

  async sendSnapshot(
    to: NodeId,
    term: number,
    meta: SnapshotMeta,
    chunks: AsyncIterable<Uint8Array>,
    signal: AbortSignal,
  ): Promise<void> {
    signal.throwIfAborted();
    const peer = this.#closed ? undefined : this.#network.peer(this.#id, to);
    if (peer === undefined)
      throw new Error(`Node ${to} cannot be reached from node ${this.#id}. Try again later.`);
    const carried = this.#carry(to, chunks, signal);
    await raceAbort(peer.receive({ from: this.#id, term, meta, chunks: carried }), signal);
  }

  /** Whom to tell of messages. */
  onMessages(listener: (messages: readonly Message[]) => void): void {
    this.#onMessages = listener;
  }

  onSnapshot(listener: (snapshot: IncomingSnapshot) => Promise<void>): void {
    this.#onSnapshot = listener;
  }

  /** Leaves the network. May be called twice. */
  close(): Promise<void> {
    this.#closed = true;
    this.#network.leave(this.#id, this);
    return Promise.resolve();
  }

  /** Called by the network. */
  deliver(messages: readonly Message[]): void {
    if (!this.#closed) this.#onMessages?.(messages);
  }

  /** Called by the sender's end. */
  async receive(snapshot: IncomingSnapshot): Promise<void> {
    if (this.#onSnapshot === undefined) throw new Error(`Node ${this.#id} does not take snapshots.`);
    await this.#onSnapshot(snapshot);
  }

  async *#carry(
    to: NodeId,
    chunks: AsyncIterable<Uint8Array>,
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      signal.throwIfAborted();
      if (this.#closed || !this.#network.connected(this.#id, to))
        throw new Error(`The link to node ${to} broke.`);
      yield chunk;
    }
  }
}

/** Settles as the promise does, or rejects as soon as the signal fires. */
async function raceAbort(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  let release = (): void => {};
  const aborted = new Promise<never>((_resolve, reject) => {
    const onAbort = (): void => reject(asError(signal.reason));
    signal.addEventListener("abort", onAbort, { once: true });
    release = () => signal.removeEventListener("abort", onAbort);
  });
  try {
    await Promise.race([promise, aborted]);
  } finally {
    release();
  }
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error("The snapshot was aborted.", { cause: reason });
}
