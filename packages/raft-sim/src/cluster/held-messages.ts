import type { Message } from "@coxswain/raft-core";

interface Held {
  readonly id: number;
  readonly messages: readonly Message[];
}

/** Messages that acknowledge what is not durable yet: they wait for the append of their ready (duty 3). */
export class HeldMessages {
  #held: Held[] = [];
  #durableId = 0;

  hold(id: number, messages: readonly Message[]): void {
    if (messages.length > 0) this.#held.push({ id, messages });
  }

  /** Appends up to this one are durable. */
  durable(id: number): void {
    this.#durableId = id;
  }

  /** The next that may go; undefined when none may. */
  take(): readonly Message[] | undefined {
    const first = this.#held[0];
    if (first === undefined || first.id > this.#durableId) return undefined;
    this.#held.shift();
    return first.messages;
  }
}
