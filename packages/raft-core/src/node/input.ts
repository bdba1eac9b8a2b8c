import type { Raft } from "../core/raft.ts";
import type { Message } from "../types.ts";

/** What came from outside since the last turn: messages of peers, and time. */
export class Input {
  #messages: Message[] = [];
  #elapsedTicks = 0;

  receive(messages: readonly Message[]): void {
    for (const message of messages) this.#messages.push(message);
  }

  tick(): void {
    this.#elapsedTicks++;
  }

  /** Messages go before ticks, so that a loop that was held up does not mistake its own delay for silence. */
  feed(raft: Raft): void {
    const messages = this.#messages;
    this.#messages = [];
    for (const message of messages) raft.step(message);
    for (; this.#elapsedTicks > 0; this.#elapsedTicks--) raft.tick();
  }

  clear(): void {
    this.#messages = [];
  }
}
