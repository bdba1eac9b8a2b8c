/**
 * Attempts that an earlier start of this node left running and that go on (G2).
 *
 * What can go on is asked of the executors and not of the store: the store of a node that was killed is behind, and
 * apply decides anyway which of them are still this node's. They are taken up before the node registers, named in its
 * registration, and handed to the worker when the state shows them under the new incarnation; the rest is ended.
 */
import { ExecutionStatus } from "@coxswain/state-machine";
import type { AdoptionContext, AttemptRef, Executor, RunningTask } from "@coxswain/executor";
import { attemptKey } from "./contracts.ts";
import type { WorkerLogger, WorkerStore } from "./contracts.ts";

export interface AdoptionsOptions {
  readonly store: Pick<WorkerStore, "execution">;
  readonly executors: ReadonlyMap<string, Executor>;
  readonly surroundings: AdoptionContext;
  readonly logger: WorkerLogger;
}

export class Adoptions {
  readonly #options: AdoptionsOptions;
  /** Taken up, and not claimed by the worker yet. */
  readonly #tasks = new Map<string, RunningTask>();

  constructor(options: AdoptionsOptions) {
    this.#options = options;
  }

  /** @param isKnown tells attempts whose result is there already: they are left for the executor to reap */
  async take(isKnown: (key: string) => boolean): Promise<void> {
    await Promise.all([...this.#options.executors.values()].map((executor) => this.#takeFrom(executor, isKnown)));
  }

  /** What the registration has to name. */
  get refs(): readonly AttemptRef[] {
    return [...this.#tasks.values()].map(({ ref }) => ref);
  }

  /** The task of an attempt that the state gives to this start of the node. */
  claim(key: string): RunningTask | undefined {
    const task = this.#tasks.get(key);
    this.#tasks.delete(key);
    return task;
  }

  /** Ends what was not claimed; resolves when it has ended. */
  async endRest(): Promise<void> {
    const rest = [...this.#tasks.values()];
    this.#tasks.clear();
    if (rest.length > 0) this.#options.logger.info({ attempts: rest.map(({ ref }) => ref) }, "ending attempts that are not this node's any more");
    await Promise.all(rest.map((task) => task.stop(0)));
  }

  /** An executor that cannot say what it has, as when its engine is down, has nothing to adopt. */
  async #takeFrom(executor: Executor, isKnown: (key: string) => boolean): Promise<void> {
    const { surroundings, logger } = this.#options;
    try {
      const left = (await executor.leftovers?.()) ?? [];
      const wanted = (await Promise.all(left.map((ref) => this.#mayGoOn(ref, isKnown)))).flat();
      if (wanted.length === 0) return;
      for (const task of (await executor.adopt?.(wanted, surroundings)) ?? []) this.#tasks.set(attemptKey(task.ref), task);
    } catch (error) {
      logger.warn({ err: error, kind: executor.kind }, "what an earlier start left cannot be adopted");
    }
  }

  /** The store may be behind, but what it calls over is over. */
  async #mayGoOn(ref: AttemptRef, isKnown: (key: string) => boolean): Promise<AttemptRef[]> {
    if (isKnown(attemptKey(ref))) return [];
    const execution = await this.#options.store.execution(ref.executionId);
    const newest = execution?.attempts.at(-1)?.number ?? 0;
    const isOver = newest > ref.attempt || (newest === ref.attempt && execution?.status !== ExecutionStatus.RUNNING);
    return isOver ? [] : [ref];
  }
}
