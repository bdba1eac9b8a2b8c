import type { Clock } from "../contracts.ts";
import type { Status } from "../core/raft.ts";
import type { RaftNodeEvent } from "./events.ts";

export interface StateLossParts {
  readonly clock: Clock;
  status(): Pick<Status, "needsSnapshot" | "appliedIndex" | "firstIndex" | "leader">;
  emit(event: RaftNodeEvent): void;
}

/** Between two tellings: if every node lost its state, waiting never ends, and somebody has to be told. */
const REPEAT_MS = 30_000;

/** Tells that the state is lost (G17), at once and then seldom, for as long as the node waits for another. */
export class StateLoss {
  readonly #parts: StateLossParts;
  #cancel: () => void = () => {};

  constructor(parts: StateLossParts) {
    this.#parts = parts;
  }

  begin(): void {
    const { clock, status } = this.#parts;
    if (!status().needsSnapshot) return;
    const beganAtMs = clock.now();
    this.#cancel = clock.every(REPEAT_MS, () => this.#tell(clock.now() - beganAtMs));
    this.#tell(0);
  }

  /** The state is there, or the node stops. */
  end(): void {
    this.#cancel();
  }

  #tell(waitedMs: number): void {
    const { appliedIndex, firstIndex, leader } = this.#parts.status();
    this.#parts.emit({ type: "stateLost", appliedIndex, firstIndex, leader, waitedMs });
  }
}
