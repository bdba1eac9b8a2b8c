import { Alarm } from "./alarm.ts";
import type { Proposer, SchedulerClock, SchedulerLogger } from "./contracts.ts";
import type { Leases } from "./leases.ts";
import type { SchedulerSettings } from "./settings.ts";

/** Looks per lease time. */
const LOOKS_PER_TTL = 10;

export interface LostNodesParts {
  readonly leases: Leases;
  readonly proposer: Proposer;
  readonly clock: SchedulerClock;
  readonly settings: Pick<SchedulerSettings, "nodeTtlMs" | "leaseMarginMs">;
  readonly logger: SchedulerLogger;
}

/**
 * Declares nodes lost whose last lease must be over everywhere (G12). A new leader waits as long as
 * any lease of its predecessor can last; so does one that was stalled, since requests may wait unread.
 */
export class LostNodes {
  readonly #parts: LostNodesParts;
  readonly #alarm: Alarm;
  readonly #periodMs: number;
  #trustFromMs = Number.POSITIVE_INFINITY;
  #lookedAtMs = 0;
  #proposing = false;
  #active = true;

  constructor(parts: LostNodesParts) {
    this.#parts = parts;
    this.#periodMs = Math.max(1, Math.floor(parts.settings.nodeTtlMs / LOOKS_PER_TTL));
    this.#alarm = new Alarm(parts.clock, () => {
      this.#look();
    });
  }

  start(): void {
    this.#parts.leases.observe();
    this.#waitOutLeases(this.#parts.clock.monotonicMs());
    this.#rest();
  }

  stop(): void {
    this.#active = false;
    this.#alarm.clear();
  }

  #look(): void {
    const nowMs = this.#parts.clock.monotonicMs();
    if (nowMs - this.#lookedAtMs > this.#parts.settings.nodeTtlMs / 2) this.#waitOutLeases(nowMs);
    this.#lookedAtMs = nowMs;
    this.#parts.leases.observe();
    if (nowMs >= this.#trustFromMs && !this.#proposing) void this.#declare();
    this.#rest();
  }

  #waitOutLeases(nowMs: number): void {
    this.#lookedAtMs = nowMs;
    this.#trustFromMs = nowMs + this.#parts.settings.nodeTtlMs + this.#parts.settings.leaseMarginMs;
  }

  #rest(): void {
    if (this.#active) this.#alarm.set(this.#lookedAtMs + this.#periodMs);
  }

  /** Called again at each look until the state shows them lost. */
  async #declare(): Promise<void> {
    const nodes = this.#parts.leases.condemn();
    if (nodes.length === 0) return;
    const items = nodes.map((node) => ({ nodeId: node.id, nodeIncarnation: node.incarnation }));
    this.#parts.logger.warn({ nodes: items }, "Nodes were not heard of for longer than their lease: declaring them lost.");
    this.#proposing = true;
    try {
      await this.#parts.proposer.propose({ $case: "markNodesLost", value: { items } });
    } catch (error) {
      this.#parts.logger.warn({ error }, "Lost nodes could not be declared; trying again.");
    } finally {
      this.#proposing = false;
    }
  }
}
