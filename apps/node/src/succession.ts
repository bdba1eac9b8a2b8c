/**
 * Sees to it that a node that is about to stop does not lead: it takes no new jobs, and while it led nobody would.
 */
import type { RaftNode } from "@coxswain/raft-core";

const TRY_AGAIN_MS = 500;

export interface SuccessionOptions {
  readonly raft: Pick<RaftNode<unknown>, "status" | "transferLeadership">;
  readonly after: (delayMs: number, callback: () => void) => () => void;
  readonly logger: { info(fields: object, message: string): void; warn(fields: object, message: string): void };
}

export class Succession {
  readonly #options: SuccessionOptions;
  #cancel: () => void = () => {};
  #closed = false;
  #warned = false;

  constructor(options: SuccessionOptions) {
    this.#options = options;
  }

  /** Resolves after the first try. Should it fail, or this node be elected again, it is tried until `close`. */
  async handOver(): Promise<void> {
    await this.#try();
    if (this.#closed) return;
    this.#cancel = this.#options.after(TRY_AGAIN_MS, () => void this.handOver());
  }

  close(): void {
    this.#closed = true;
    this.#cancel();
  }

  /** Never rejects. */
  async #try(): Promise<void> {
    const { raft, logger } = this.#options;
    const { role, configuration } = raft.status();
    if (role !== "leader" || configuration.voters.length === 1) return;
    try {
      const leader = await raft.transferLeadership();
      logger.info({ event: "leadership.transferred", leader }, "handed leadership over");
    } catch (error) {
      if (!this.#warned) logger.warn({ err: error }, "leadership is not handed over yet; trying again while this node drains");
      this.#warned = true;
    }
  }
}
