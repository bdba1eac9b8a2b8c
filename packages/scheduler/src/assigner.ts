import type { ApplyResult, CommandBody, QueuedExecution } from "@coxswain/state-machine";
import { Alarm } from "./alarm.ts";
import { Backoff } from "./backoff.ts";
import type { Proposer, SchedulerClock, SchedulerLogger, SchedulerStore } from "./contracts.ts";
import type { Placer, Reservation } from "./placer.ts";
import type { SchedulerSettings } from "./settings.ts";
import type { WaitingKinds } from "./waiting-kinds.ts";

export interface AssignerParts {
  readonly store: Pick<SchedulerStore, "queueHead" | "queueLength">;
  readonly proposer: Proposer;
  readonly placer: Placer;
  readonly waiting: WaitingKinds;
  readonly clock: SchedulerClock;
  readonly settings: SchedulerSettings;
  readonly logger: SchedulerLogger;
}

interface Plan {
  readonly assignments: readonly { readonly execution: QueuedExecution; readonly reservation: Reservation }[];
  /** Something else could run as well: look again at once. */
  readonly more: boolean;
}

/**
 * Gives queued executions to nodes with room: by priority, then age, one batch at a time. What no
 * live node can run is passed over and keeps its place.
 */
export class Assigner {
  readonly #parts: AssignerParts;
  readonly #alarm: Alarm;
  readonly #backoff: Backoff;
  #active = true;
  #running = false;
  #wanted = false;

  constructor(parts: AssignerParts) {
    this.#parts = parts;
    this.#backoff = new Backoff(parts.settings.backoffInitialMs, parts.settings.backoffMaxMs);
    this.#alarm = new Alarm(parts.clock, () => {
      this.#start();
    });
  }

  /** Something changed: room, nodes, leases or the queue. Many calls make one look. */
  wake(): void {
    if (!this.#active) return;
    this.#wanted = true;
    if (!this.#running) this.#alarm.setEarlier(this.#parts.clock.monotonicMs());
  }

  stop(): void {
    this.#active = false;
    this.#alarm.clear();
  }

  #start(): void {
    this.#running = true;
    this.#run().then(
      (againInMs) => {
        this.#finished(againInMs);
      },
      (error: unknown) => {
        this.#parts.logger.warn({ error }, "Could not assign queued executions; trying again.");
        this.#finished(this.#backoff.failed());
      },
    );
  }

  #finished(againInMs: number | undefined): void {
    this.#running = false;
    if (!this.#active) return;
    // Events are hints (G2): what they did not tell is found at the next slot.
    const delayMs = againInMs ?? (this.#wanted ? 0 : this.#parts.settings.slotGapMs / 2);
    this.#alarm.set(this.#parts.clock.monotonicMs() + delayMs);
  }

  /** Resolves with the wait before the next look, or nothing when an event will call for it. */
  async #run(): Promise<number | undefined> {
    this.#wanted = false;
    const plan = await this.#plan();
    if (plan.assignments.length === 0) return undefined;
    let assigned = 0;
    try {
      assigned = assignedIn(await this.#parts.proposer.propose(assignCommand(plan)));
    } finally {
      for (const { reservation } of plan.assignments) reservation.release();
      this.#parts.waiting.left(assigned);
      // What was not assigned waits still, and must not be overtaken.
      if (assigned < plan.assignments.length) this.#parts.waiting.forget();
    }
    if (assigned === 0) return this.#backoff.failed();
    this.#backoff.succeeded();
    if (assigned < plan.assignments.length) return this.#parts.settings.backoffInitialMs;
    return plan.more ? 0 : undefined;
  }

  /** Looks further and further into the queue until the free slots are used or the bound is reached. */
  async #plan(): Promise<Plan> {
    const { store, placer, settings } = this.#parts;
    const freeSlots = placer.freeSlots();
    if (freeSlots === 0 || store.queueLength() === 0) return { assignments: [], more: false };
    for (let limit = Math.min(settings.maxQueueScan, Math.max(settings.batchItems, freeSlots)); ; limit *= 4) {
      const version = this.#parts.waiting.version;
      const bounded = Math.min(limit, settings.maxQueueScan);
      const head = await store.queueHead(bounded);
      if (!this.#active) return { assignments: [], more: false };
      const plan = this.#planFrom(head, head.length < bounded, version);
      if (plan.assignments.length > 0 || head.length < bounded || bounded === settings.maxQueueScan) return plan;
      if (placer.freeSlots() === 0) return plan;
    }
  }

  #planFrom(head: readonly QueuedExecution[], isWholeQueue: boolean, version: number): Plan {
    const { placer, settings, waiting } = this.#parts;
    const assignments: { execution: QueuedExecution; reservation: Reservation }[] = [];
    const left = new Set<string>();
    let more = false;
    for (const execution of head) {
      // Its elders of the same kind found no room, so neither does it.
      if (left.has(execution.executor)) continue;
      more = assignments.length === settings.batchItems;
      if (more) break;
      const reservation = placer.reserve(execution.executor);
      if (reservation === undefined) left.add(execution.executor);
      else assignments.push({ execution, reservation });
    }
    if (isWholeQueue && !more) waiting.learn(left, head.length, version);
    return { assignments, more };
  }
}

function assignCommand({ assignments }: Plan): CommandBody {
  const items = assignments.map(({ execution, reservation }) => ({
    executionId: execution.executionId,
    attempt: execution.attempt,
    placement: reservation.placement,
  }));
  return { $case: "assignExecutions", value: { items } };
}

function assignedIn(result: ApplyResult): number {
  return "kind" in result && result.kind === "assigned" ? result.items.filter((item) => item.kind === "assigned").length : 0;
}
