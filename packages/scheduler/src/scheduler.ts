import type { Proposer, SchedulerClock, SchedulerLogger, SchedulerStore } from "./contracts.ts";
import { Leadership } from "./leadership.ts";
import type { Heartbeat, HeartbeatAnswer, LeaseView } from "./leases.ts";
import type { Placed, PlacementNeeds } from "./place.ts";
import { resolveSettings } from "./settings.ts";
import type { SchedulerSettings } from "./settings.ts";

export interface SchedulerOptions {
  readonly store: SchedulerStore;
  readonly proposer: Proposer;
  readonly clock: SchedulerClock;
  readonly logger: SchedulerLogger;
  /** What is left out has the default of {@link DEFAULT_SETTINGS}. */
  readonly settings?: Partial<SchedulerSettings>;
}

/** What the scheduler is doing, for status pages and metrics. */
export interface SchedulerStatus {
  /** Undefined while this node does not lead. */
  readonly term: number | undefined;
  /** Due items in memory. */
  readonly nearItems: number;
}

/** The leader's brain: one per node, at work only while that node leads. */
export class Scheduler {
  readonly #options: SchedulerOptions;
  readonly #settings: SchedulerSettings;
  #leadership: Leadership | undefined;

  /** @throws SchedulerSettingsError for a setting out of range */
  constructor(options: SchedulerOptions) {
    this.#options = options;
    this.#settings = resolveSettings(options.settings);
  }

  /**
   * This node leads, and the no-op of its term is applied here (G4). Starting a term again does
   * nothing; a newer term replaces an older one.
   */
  start(term: number): void {
    if (this.#leadership !== undefined && this.#leadership.term >= term) return;
    this.stop();
    const { store, proposer, clock, logger } = this.#options;
    this.#leadership = new Leadership(term, { store, proposer, clock, logger, settings: this.#settings });
    this.#leadership.start();
    logger.info({ term }, "Scheduling.");
  }

  /** Leadership is lost: forgets everything and proposes nothing more. May be called twice. */
  stop(): void {
    const leadership = this.#leadership;
    if (leadership === undefined) return;
    this.#leadership = undefined;
    leadership.stop();
    this.#options.logger.info({ term: leadership.term }, "No longer scheduling.");
  }

  /**
   * A node for new work, with its slot reserved until `release()`. No placement when this node does
   * not lead, no live node has room, or something in the queue could use the node (G9).
   */
  place(needs: PlacementNeeds): Placed {
    return this.#leadership?.place(needs) ?? { release: () => {} };
  }

  /** Extends a node's lease. The caller has confirmed its quorum since the request arrived (G12). */
  heartbeat(heartbeat: Heartbeat): HeartbeatAnswer {
    return this.#leadership?.heartbeat(heartbeat) ?? { granted: false, leaseMs: 0, reason: "NOT_LEADER" };
  }

  /** Nodes that hold a lease from this leader; empty while this node does not lead. */
  leases(): readonly LeaseView[] {
    return this.#leadership?.leases.list() ?? [];
  }

  status(): SchedulerStatus {
    return { term: this.#leadership?.term, nearItems: this.#leadership?.nearItems ?? 0 };
  }
}
