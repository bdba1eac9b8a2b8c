/**
 * Keeps this node known to the cluster: registers this start, then renews its lease for as long as it runs.
 *
 * A node that was declared lost (it was cut off, or its machine slept) ends what still runs here before it
 * registers again: its attempts were given to others.
 */
import type { LeaderLink } from "@coxswain/api-grpc";
import type { JobStore, RegisterNode } from "@coxswain/state-machine";
import type { GuardProcess, Lease, Worker } from "@coxswain/worker";
import { SeldomLog } from "./seldom-log.ts";

/** Renewals in the life of a lease: two may be lost. */
const RENEWALS_PER_LEASE = 3;
const RETRY_MS = 100;
const REGISTER_TIMEOUT_MS = 5_000;
/** How long a node that leaves waits for a leader to hear of it. */
const LEAVE_TIMEOUT_MS = 1_000;

export interface PresenceOptions {
  /** What this start of the node offers. */
  readonly registration: RegisterNode;
  /** Counts a new start on disk: a node that was given up comes back as a new incarnation (G2). */
  readonly nextIncarnation: () => Promise<number>;
  /** The longest lease this node makes use of; told in `registration` as well. */
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
  readonly #seldom: SeldomLog;
  #registration: RegisterNode;
  /** What leaders grant, as far as this node makes use of it. */
  #leaseMs = 0;
  #leaving = false;
  #leaderKnowsOfLeaving: () => void = () => {};
  #wake: () => void = () => {};
  #running: Promise<void> | undefined;

  constructor(options: PresenceOptions) {
    this.#options = options;
    this.#registration = options.registration;
    this.#seldom = new SeldomLog(options.logger, options.uptimeMs);
  }

  /** Resolves when this start is registered and its worker runs, or `stop` was called. Renewing goes on in the background. */
  async start(): Promise<void> {
    await this.#untilDone("report what an earlier start left", () => this.#options.worker.reportLeftovers());
    await this.#register();
    if (this.#stopped) return;
    this.#options.worker.start();
    this.#running = this.#keepLease();
  }

  /**
   * From now on leaders place nothing new here. Resolves when the present one knows, or after a second: without a
   * leader nothing is placed, and the next one hears it with the first heartbeat.
   */
  async leave(): Promise<void> {
    this.#leaving = true;
    if (this.#running === undefined) return;
    const known = new Promise<void>((resolve) => {
      const cancel = this.#options.after(LEAVE_TIMEOUT_MS, resolve);
      this.#leaderKnowsOfLeaving = () => {
        cancel();
        resolve();
      };
    });
    this.#wake();
    await known;
  }

  /** Renews the lease now rather than when it is due: a new leader places nothing on nodes that it has not heard of. */
  renewNow(): void {
    this.#wake();
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    this.#wake();
    await this.#running;
  }

  async #register(): Promise<void> {
    const { leader, logger } = this.#options;
    while (!this.#stopped) {
      try {
        const registration = this.#registration;
        await this.#untilDone("register", () => leader.registerNode(registration, { timeoutMs: REGISTER_TIMEOUT_MS }));
        await this.#untilApplied();
        if (this.#stopped) return;
        return logger.info({ incarnation: registration.incarnation, executors: registration.executors }, "registered");
      } catch (error) {
        // An earlier try was committed though its answer was lost, and the node was given up since.
        if ((error as { code?: string }).code !== "STALE_INCARNATION") throw error;
        await this.#takeNextIncarnation();
      }
    }
  }

  async #keepLease(): Promise<void> {
    while (!this.#stopped) {
      const leaving = this.#leaving;
      const renewed = await this.#renew(leaving);
      if (renewed && leaving) this.#leaderKnowsOfLeaving();
      // Said while the request was under way: the leader must not place here until the next one.
      if (this.#leaving !== leaving) continue;
      await this.#pause(renewed ? this.#leaseMs / RENEWALS_PER_LEASE : RETRY_MS);
    }
  }

  async #renew(leaving: boolean): Promise<boolean> {
    const { leader, lease, guard, uptimeMs, now, nodeTtlMs } = this.#options;
    const { nodeId, incarnation } = this.#registration;
    const sentAtMs = uptimeMs();
    try {
      const request = { nodeId, incarnation, timeMs: now(), leaving };
      const answer = await leader.heartbeat(request, { timeoutMs: nodeTtlMs / RENEWALS_PER_LEASE });
      if (answer.leaseMs > 0) {
        // Never longer than this node told when it registered: another leader may wait no longer than that (G12).
        this.#leaseMs = Math.min(answer.leaseMs, nodeTtlMs);
        lease.renewed(sentAtMs, this.#leaseMs);
        guard.renew(lease.endsAtMs);
        this.#seldom.over("the node holds a lease");
        return true;
      }
      await this.#refused(answer.reason);
    } catch (error) {
      // Without a leader there is nothing to do but ask again; the lease itself says how long work may go on.
      if (lease.remainingMs() === 0) this.#seldom.warn({ err: error }, "the lease is not renewed; nothing runs here until it is");
    }
    return false;
  }

  async #refused(reason: string | undefined): Promise<void> {
    if (reason === "OTHER_INCARNATION")
      this.#seldom.warn(
        { incarnation: this.#registration.incarnation },
        "another start of this node is registered: a copy of its data directory is in use; stop one of the two",
      );
    if (reason !== "LOST" && reason !== "NOT_REGISTERED") return;
    this.#options.logger.warn({ reason }, "the cluster gave this node up; ending what runs here, then registering anew");
    await this.#takeNextIncarnation();
    await this.#register();
  }

  /** What ran under the one before has ended when this resolves. */
  async #takeNextIncarnation(): Promise<void> {
    const { nextIncarnation, worker } = this.#options;
    const incarnation = await nextIncarnation();
    await worker.reincarnate(incarnation);
    this.#registration = { ...this.#registration, incarnation, adopted: [] };
  }

  async #untilDone(what: string, action: () => Promise<void>): Promise<void> {
    while (!this.#stopped) {
      try {
        return await action();
      } catch (error) {
        const { category } = error as { category?: string };
        if (category === "conflict" || category === "invalid") throw error;
        this.#seldom.warn({ err: error }, `cannot ${what} yet; trying again`);
      }
      await this.#pause(RETRY_MS);
    }
  }

  /** The node may have been given up again while this state was still catching up: the next heartbeat finds out. */
  async #untilApplied(): Promise<void> {
    const { store } = this.#options;
    const { nodeId, incarnation } = this.#registration;
    while (!this.#stopped && (store.node(nodeId)?.incarnation ?? 0) < incarnation) await this.#pause(RETRY_MS);
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
