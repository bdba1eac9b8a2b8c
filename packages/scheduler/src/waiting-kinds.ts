import type { Node } from "@coxswain/state-machine";

/**
 * Which executors the queue may be waiting for, as far as is known without reading it. New work must
 * not take a node that something in the queue could use (G9); what waits for an executor that the
 * node does not offer is no reason to wait.
 */
export class WaitingKinds {
  readonly #queueLength: () => number;
  readonly #kinds = new Set<string>();
  /** Until the first look at the whole queue anything may wait. */
  #complete = false;
  #version = 0;

  constructor(queueLength: () => number) {
    this.#queueLength = queueLength;
  }

  /** Something joined the queue. */
  add(executor: string): void {
    this.#kinds.add(executor);
    this.#version++;
  }

  /** Nothing is known any more, as after a snapshot. */
  forget(): void {
    this.#complete = false;
    this.#version++;
  }

  /** Names the state of knowledge before a look at the queue, for {@link learn}. */
  get version(): number {
    return this.#version;
  }

  /** What a look at the queue left unassigned. Ignored when something joined meanwhile. */
  learn(kinds: Iterable<string>, sawWholeQueue: boolean, version: number): void {
    if (version !== this.#version || !sawWholeQueue) return;
    this.#complete = true;
    this.#kinds.clear();
    for (const kind of kinds) this.#kinds.add(kind);
  }

  /** Whether nothing that waits could use the node. */
  leavesFree(node: Node): boolean {
    if (this.#queueLength() === 0) return true;
    return this.#complete && !node.executors.some((executor) => this.#kinds.has(executor));
  }
}
