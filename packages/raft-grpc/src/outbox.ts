/**
 * Messages that wait for a peer, up to a bound. Past it the oldest go: Raft sends anew what it
 * misses, and the newest heartbeat or vote is worth more than the one before it.
 */
import type { Message } from "@coxswain/raft-core";
import { messageBound } from "./message-codec.ts";

export interface OutboxLimits {
  readonly maxQueuedMessages: number;
  readonly maxQueuedBytes: number;
  /** A larger message could not be received. */
  readonly maxMessageBytes: number;
}

interface Waiting {
  readonly message: Message;
  readonly sizeBytes: number;
}

export class Outbox {
  readonly #limits: OutboxLimits;
  #waiting: Waiting[] = [];
  #first = 0;
  #sizeBytes = 0;
  #dropped = 0;

  constructor(limits: OutboxLimits) {
    this.#limits = limits;
  }

  get length(): number {
    return this.#waiting.length - this.#first;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Messages dropped so far, of all that were pushed. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Adds a message; one that could never fit is dropped itself. */
  push(message: Message): void {
    const sizeBytes = messageBound(message);
    if (sizeBytes > Math.min(this.#limits.maxMessageBytes, this.#limits.maxQueuedBytes)) {
      this.#dropped += 1;
      return;
    }
    this.#waiting.push({ message, sizeBytes });
    this.#sizeBytes += sizeBytes;
    while (this.length > this.#limits.maxQueuedMessages || this.#sizeBytes > this.#limits.maxQueuedBytes) {
      this.#shift();
      this.#dropped += 1;
    }
  }

  /** The oldest messages, as many as fit into `maxBytes`, and at least one if any waits. */
  take(maxBytes: number): Message[] {
    const messages: Message[] = [];
    let takenBytes = 0;
    for (let next = this.#waiting[this.#first]; next; next = this.#waiting[this.#first]) {
      takenBytes += next.sizeBytes;
      if (messages.length > 0 && takenBytes > maxBytes) break;
      messages.push(next.message);
      this.#shift();
    }
    return messages;
  }

  /** Drops all: the peer they were for is gone. */
  clear(): void {
    this.#dropped += this.length;
    this.#waiting = [];
    this.#first = 0;
    this.#sizeBytes = 0;
  }

  #shift(): void {
    this.#sizeBytes -= this.#waiting[this.#first]?.sizeBytes ?? 0;
    this.#first += 1;
    // Shifting an array costs its length: let go of the front half at a time.
    if (this.#first * 2 < this.#waiting.length) return;
    this.#waiting = this.#waiting.slice(this.#first);
    this.#first = 0;
  }
}
