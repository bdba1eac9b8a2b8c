import { Assigner } from "./assigner.ts";
import type { Proposer, SchedulerClock, SchedulerLogger, SchedulerStore } from "./contracts.ts";
import { Firing } from "./firing.ts";
import { Leases } from "./leases.ts";
import type { Heartbeat, HeartbeatAnswer } from "./leases.ts";
import { LostNodes } from "./lost-nodes.ts";
import { placeNewWork } from "./place.ts";
import type { Place } from "./place.ts";
import { Placer } from "./placer.ts";
import { Purger } from "./purger.ts";
import type { SchedulerSettings } from "./settings.ts";
import { WaitingKinds } from "./waiting-kinds.ts";

export interface LeadershipParts {
  readonly store: SchedulerStore;
  readonly proposer: Proposer;
  readonly clock: SchedulerClock;
  readonly settings: SchedulerSettings;
  readonly logger: SchedulerLogger;
}

/**
 * Everything a leader keeps in memory for the length of one term. Losing leadership throws it away
 * as a whole: reservations, leases and timers are worth nothing afterwards (G9, G12).
 */
export class Leadership {
  readonly term: number;
  readonly leases: Leases;
  readonly place: Place;
  readonly #firing: Firing;
  readonly #assigner: Assigner;
  readonly #lostNodes: LostNodes;
  readonly #purger: Purger;
  readonly #unsubscribe: readonly (() => void)[];

  constructor(term: number, parts: LeadershipParts) {
    this.term = term;
    const { store, clock, settings } = parts;
    const waiting = new WaitingKinds(() => store.queueLength());
    this.leases = new Leases(store, clock, settings);
    const placer = new Placer(store, this.leases, () => {
      if (store.queueLength() > 0) this.#assigner.wake();
    });
    this.place = placeNewWork(placer, waiting);
    this.#firing = new Firing({ ...parts, place: this.place });
    this.#assigner = new Assigner({ ...parts, placer, waiting });
    this.#lostNodes = new LostNodes({ ...parts, leases: this.leases });
    this.#purger = new Purger(parts);
    this.#unsubscribe = this.#listen(store, waiting);
  }

  start(): void {
    this.#lostNodes.start();
    this.#firing.start();
    this.#assigner.wake();
    this.#purger.start();
  }

  stop(): void {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    this.#firing.stop();
    this.#assigner.stop();
    this.#lostNodes.stop();
    this.#purger.stop();
  }

  heartbeat(heartbeat: Heartbeat): HeartbeatAnswer {
    const held = this.leases.list().some((lease) => lease.nodeId === heartbeat.nodeId);
    const answer = this.leases.heartbeat(heartbeat);
    if (answer.granted && !held) this.#assigner.wake();
    return answer;
  }

  /** Due items in memory. */
  get nearItems(): number {
    return this.#firing.nearItems;
  }

  #listen(store: SchedulerStore, waiting: WaitingKinds): readonly (() => void)[] {
    const wake = (): void => {
      this.#assigner.wake();
    };
    return [
      store.on("due", (item) => {
        this.#firing.offer(item);
      }),
      store.on("queued", ({ executor }) => {
        waiting.add(executor);
        wake();
      }),
      store.on("capacityFreed", wake),
      store.on("nodeChanged", () => {
        this.leases.observe();
        wake();
      }),
      store.on("restored", () => {
        waiting.forget();
        this.leases.observe();
        this.#firing.reread();
        wake();
      }),
    ];
  }
}
