import type { RaftEvent } from "../core/raft.ts";
import type { RaftNodeEvent } from "./events.ts";

interface Reign {
  readonly term: number;
  readonly noopIndex: number;
  ready: boolean;
}

/** Turns the core's election news into pairs of `leaderReady` and `leadershipLost` (G4). */
export class Leadership {
  readonly #emit: (event: RaftNodeEvent) => void;
  #reign: Reign | undefined;

  constructor(emit: (event: RaftNodeEvent) => void) {
    this.#emit = emit;
  }

  /** Whether this node leads and has applied the noop of its term. */
  get ready(): boolean {
    return this.#reign?.ready === true;
  }

  observe(event: RaftEvent): void {
    if (event.type === "leaderElected") this.#begin(event.term, event.noopIndex);
    else if (event.type === "roleChanged" && event.previous === "leader") this.end();
  }

  /** `term` is the one that this node leads now, or undefined when it does not lead. */
  applied(appliedIndex: number, term: number | undefined): void {
    const reign = this.#reign;
    if (reign === undefined || reign.ready || reign.term !== term || appliedIndex < reign.noopIndex) return;
    reign.ready = true;
    this.#emit({ type: "leaderReady", term });
  }

  end(): void {
    const reign = this.#reign;
    this.#reign = undefined;
    if (reign?.ready === true) this.#emit({ type: "leadershipLost", term: reign.term });
  }

  #begin(term: number, noopIndex: number): void {
    this.end();
    this.#reign = { term, noopIndex, ready: false };
  }
}
