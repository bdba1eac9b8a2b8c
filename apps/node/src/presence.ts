/**
 * Keeps this node known to the cluster: registers this start, then renews its lease for as long as it runs.
 *
 * A node that was declared lost (it was cut off, or its machine slept) ends what still runs here before it
 * registers again: its attempts were given to others.
 */
import type { LeaderLink } from "@coxswain/api-grpc";
import type { JobStore, RegisterNode } from "@coxswain/state-machine";
import type { GuardProcess, Lease, Worker } from "@coxswain/worker";

/** Renewals in the life of a lease: two may be lost. */
const RENEWALS_PER_LEASE = 3;
const RETRY_MS = 100;
const REGISTER_TIMEOUT_MS = 5_000;

export interface PresenceOptions {
  /** What this start of the node offers. */
  readonly registration: RegisterNode;
  /** Counts a new start on disk: a node that was given up comes back as a new incarnation (G2). */
  readonly nextIncarnation: () => Promise<number>;
  readonly nodeTtlMs: number;
  readonly leader: Pick<LeaderLink, "heartbeat" | "registerNode">;
  readonly store: Pick<JobStore, "node">;
  readonly worker: Pick<Worker, "reportLeftovers" | "start" | "reincarnate">;
  readonly lease: Lease;
  readonly guard: Pick<GuardProcess, "renew">;
  readonly uptimeMs: () => number;
  readonly now: () => number;
  readonly after: (delayMs: number, callback: () => void) => () => void;
  readonly logger: { info(fields: object, message: string): void; warn(fields: object, message: string): void };
}

export class Presence {
  readonly #options: PresenceOptions;
  readonly #abort = new AbortController();
  #registration: RegisterNode;
  #leaving = false;
  #wake: () => void = () => {};
  #running: Promise<void> = Promise.resolve();

  constructor(options: PresenceOptions) {
    this.#options = options;
    this.#registration = options.registration;
  }

  /** Resolves when this start is registered and its worker runs. Renewing goes on in the background. */
  async start(): Promise<void> {
    await this.#untilDone("report what an earlier start left", () => this.#options.worker.reportLeftovers());
    await this.#register();
    this.#options.worker.start();
    this.#running = this.#keepLease();
  }

  /** From now on the leader places nothing new here. */
  leave(): void {
    this.#leaving = true;
    this.#wake();
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    this.#wake();
    await this.#running;
  }

  async #register(): Promise<void> {
    const { leader, logger } = this.#options;
    const registration = this.#registration;
    await this.#untilDone("register", () => leader.registerNode(registration, { timeoutMs: REGISTER_TIMEOUT_MS }));
    await this.#untilApplied();
    if (this.#stopped) return;
    logger.info({ incarnation: registration.incarnation, executors: registration.executors }, "registered");
  }

  async #keepLease(): Promise<void> {
    const periodMs = this.#options.nodeTtlMs / RENEWALS_PER_LEASE;
    while (!this.#stopped) {
      const renewed = await this.#renew();
      await this.#pause(renewed ? periodMs : RETRY_MS);
    }
  }

  async #renew(): Promise<boolean> {
    const { leader, lease, guard, uptimeMs, now, nodeTtlMs, logger } = this.#options;
    const { nodeId, incarnation } = this.#registration;
    const sentAtMs = uptimeMs();
    try {
      const request = { nodeId, incarnation, timeMs: now(), leaving: this.#leaving };
      const answer = await leader.heartbeat(request, { timeoutMs: nodeTtlMs / RENEWALS_PER_LEASE });
      if (answer.leaseMs > 0) {
        lease.renewed(sentAtMs, answer.leaseMs);
        guard.renew(lease.endsAtMs);
        return true;
      }
      if (answer.reason === "LOST" || answer.reason === "NOT_REGISTERED") await this.#comeBack(answer.reason);
    } catch (error) {
      // Without a leader there is nothing to do but ask again; the lease itself says how long work may go on.
      if (lease.remainingMs() === 0) logger.warn({ err: error }, "the lease is not renewed");
    }
    return false;
  }

  async #comeBack(reason: string): Promise<void> {
    const { logger, nextIncarnation, worker } = this.#options;
    logger.warn({ reason }, "the cluster gave this node up; ending what runs here, then registering anew");
    const incarnation = await nextIncarnation();
    await worker.reincarnate(incarnation);
    this.#registration = { ...this.#registration, incarnation };
    await this.#register();
  }

  async #untilDone(what: string, action: () => Promise<void>): Promise<void> {
    while (!this.#stopped) {
      try {
        return await action();
      } catch (error) {
        const { category } = error as { category?: string };
        if (category === "conflict" || category === "invalid") throw error;
        this.#options.logger.warn({ err: error }, `cannot ${what} yet; trying again`);
      }
      await this.#pause(RETRY_MS);
    }
  }

  async #untilApplied(): Promise<void> {
    const { store } = this.#options;
    const registration = this.#registration;
    const applied = (): boolean => {
      const node = store.node(registration.nodeId);
      return node?.incarnation === registration.incarnation && !node.lost;
    };
    while (!this.#stopped && !applied()) await this.#pause(RETRY_MS);
  }

  get #stopped(): boolean {
    return this.#abort.signal.aborted;
  }

  #pause(delayMs: number): Promise<void> {
    if (this.#stopped) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = this.#options.after(delayMs, resolve);
      this.#wake = () => {
        cancel();
        resolve();
      };
    });
  }
}
