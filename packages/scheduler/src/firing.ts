import type { DueItem } from "@coxswain/state-machine";
import { Alarm } from "./alarm.ts";
import { Backoff, backoffMs } from "./backoff.ts";
import type { Proposer, SchedulerStore } from "./contracts.ts";
import { dueCommand } from "./due-commands.ts";
import type { DueCommandParts } from "./due-commands.ts";
import type { NearDue } from "./due-heap.ts";
import { NearDueItems } from "./near-due.ts";
import type { SchedulerSettings } from "./settings.ts";

export interface FiringParts extends Omit<DueCommandParts, "complained"> {
  readonly store: Pick<SchedulerStore, "job" | "due">;
  readonly proposer: Proposer;
  readonly settings: SchedulerSettings;
}

/**
 * Proposes what is due: occurrences, retries and deadlines, many in one command. What fails is
 * proposed again, since apply ignores an item that does not fit the state any more (G5).
 */
export class Firing {
  readonly #parts: FiringParts & Pick<DueCommandParts, "complained">;
  #near: NearDueItems;
  /** The wall clock at the last turn. */
  #turnedAtMs = Number.NEGATIVE_INFINITY;
  readonly #alarm: Alarm;
  readonly #readBackoff: Backoff;
  #readAgainAtMs = Number.NEGATIVE_INFINITY;
  #inFlight = 0;
  #active = true;

  constructor(parts: FiringParts) {
    this.#parts = { ...parts, complained: new Set() };
    this.#near = new NearDueItems(parts.store, parts.settings);
    this.#readBackoff = new Backoff(parts.settings.backoffInitialMs, parts.settings.backoffMaxMs);
    this.#alarm = new Alarm(parts.clock, () => {
      this.#turn();
    });
  }

  /** Begins at the oldest key of the time index. */
  start(): void {
    this.#wakeAt(this.#parts.clock.now());
  }

  stop(): void {
    this.#active = false;
    this.#alarm.clear();
  }

  /** A new key of the time index. */
  offer(item: DueItem): void {
    if (!this.#active) return;
    this.#near.offer(item);
    if (this.#canPropose()) this.#wakeAt(this.#near.nextAtMs);
  }

  /** The state was replaced: read the index anew. */
  reread(): void {
    if (!this.#active) return;
    this.#near.readAgain();
    this.#wakeAt(this.#parts.clock.now());
  }

  /** Items in memory, with those under way. */
  get nearItems(): number {
    return this.#near.size;
  }

  #turn(): void {
    if (!this.#active) return;
    const nowMs = this.#parts.clock.now();
    if (nowMs < this.#turnedAtMs - this.#parts.settings.slotGapMs) this.#startAnew();
    this.#turnedAtMs = nowMs;
    if (nowMs >= this.#near.nextSlotAtMs) this.#near.beginSlot(nowMs);
    if (this.#near.wantsPage && nowMs >= this.#readAgainAtMs) this.#readPage();
    while (this.#canPropose() && this.#near.nextAtMs <= nowMs) this.#takeBatch(nowMs);
    this.#rest();
  }

  /** The wall clock was set back by more than a slot: what waits for times of that clock would wait too long. */
  #startAnew(): void {
    this.#near = new NearDueItems(this.#parts.store, this.#parts.settings);
    this.#readAgainAtMs = Number.NEGATIVE_INFINITY;
  }

  /** Due times lie on the wall clock; it may be set meanwhile, so each turn looks at it again. */
  #wakeAt(wallMs: number): void {
    this.#alarm.setEarlier(this.#parts.clock.monotonicMs() + Math.max(0, wallMs - this.#parts.clock.now()));
  }

  /** Sets the alarm for whatever comes first. */
  #rest(): void {
    let atMs = this.#near.nextSlotAtMs;
    if (this.#canPropose()) atMs = Math.min(atMs, this.#near.nextAtMs);
    if (this.#near.wantsPage) atMs = Math.min(atMs, Math.max(this.#readAgainAtMs, this.#parts.clock.now()));
    this.#alarm.clear();
    this.#wakeAt(atMs);
  }

  #canPropose(): boolean {
    return this.#inFlight < this.#parts.settings.maxDueBatchesInFlight;
  }

  /** One batch of whatever is earliest, made into one command for each kind in it. */
  #takeBatch(nowMs: number): void {
    const byKind = new Map<DueItem["kind"], NearDue[]>();
    for (let taken = 0; taken < this.#parts.settings.batchItems; taken++) {
      const due = this.#near.take(nowMs);
      if (due === undefined) break;
      const same = byKind.get(due.item.kind);
      if (same === undefined) byKind.set(due.item.kind, [due]);
      else same.push(due);
    }
    for (const batch of byKind.values()) this.#propose(batch);
  }

  #propose(batch: readonly NearDue[]): void {
    const near = this.#near;
    this.#inFlight++;
    this.#proposeOnce(batch)
      .then(
        () => {
          for (const due of batch) near.settle(due);
        },
        (error: unknown) => {
          this.#failed(near, batch, error);
        },
      )
      .then(() => {
        this.#inFlight--;
        this.#turn();
      })
      .catch((error: unknown) => {
        this.#parts.logger.error({ error }, "The firing loop failed; it goes on with the next slot.");
      });
  }

  async #proposeOnce(batch: readonly NearDue[]): Promise<void> {
    const { body, release } = await dueCommand(this.#parts, batch);
    try {
      if (body === undefined || !this.#active) return;
      const result = await this.#parts.proposer.propose(body);
      if ("error" in result) throw new Error(result.error.message, { cause: result.error });
    } finally {
      release();
    }
  }

  #failed(near: NearDueItems, batch: readonly NearDue[], error: unknown): void {
    if (!this.#active) return;
    const { backoffInitialMs, backoffMaxMs } = this.#parts.settings;
    const kind = batch[0]?.item.kind;
    this.#parts.logger.warn({ error, kind, items: batch.length }, "Due items could not be proposed; trying again.");
    const nowMs = this.#parts.clock.now();
    for (const due of batch) near.putBack(due, nowMs + backoffMs(due.failures++, backoffInitialMs, backoffMaxMs));
  }

  #readPage(): void {
    this.#near.readPage().then(
      () => {
        this.#readBackoff.succeeded();
        this.#turn();
      },
      (error: unknown) => {
        if (!this.#active) return;
        this.#parts.logger.warn({ error }, "The time index could not be read; trying again.");
        this.#readAgainAtMs = this.#parts.clock.now() + this.#readBackoff.failed();
        this.#turn();
      },
    );
  }
}
