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
  /** How many in the queue are known of. Hints come later than the queue grows; more than this means that some wait unknown. */
  #known = 0;
  #version = 0;

  constructor(queueLength: () => number) {
    this.#queueLength = queueLength;
  }

  /** Something joined the queue. */
  add(executor: string): void {
    this.#kinds.add(executor);
    this.#known++;
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

  /** What a look at the whole queue, of `length`, left unassigned. Ignored when something joined meanwhile. */
  learn(kinds: Iterable<string>, length: number, version: number): void {
    if (version !== this.#version) return;
    this.#complete = true;
    this.#known = length;
    this.#kinds.clear();
    for (const kind of kinds) this.#kinds.add(kind);
  }

  /** So many of those known of were assigned. */
  left(count: number): void {
    this.#known -= count;
  }

  /** Whether nothing that waits could use the node. */
  leavesFree(node: Node): boolean {
    const length = this.#queueLength();
    if (length === 0) return true;
    return this.#complete && length <= this.#known && !node.executors.some((executor) => this.#kinds.has(executor));
  }
}
