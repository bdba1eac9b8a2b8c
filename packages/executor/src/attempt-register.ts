import { AttemptRunningError, ExecutorClosedError } from "./errors.ts";
import type { AttemptRef, RunningTask } from "./executor.ts";

const keyOf = (ref: AttemptRef): string => `${ref.attempt} ${ref.executionId}`;

/**
 * The attempts that run in one executor: each at most once, none after `close`. For authors
 * of executors.
 */
export class AttemptRegister<T extends RunningTask> {
  readonly #tasks = new Map<string, T>();
  #closed = false;

  get running(): readonly T[] {
    return [...this.#tasks.values()];
  }

  get(ref: AttemptRef): T | undefined {
    return this.#tasks.get(keyOf(ref));
  }

  /** @throws {ExecutorClosedError} after `close` */
  checkOpen(): void {
    if (this.#closed) throw new ExecutorClosedError("The executor is closed; start the attempt on another node.");
  }

  /**
   * Keeps what `make` returns until its result is there.
   *
   * @throws {ExecutorClosedError} after `close`
   * @throws {AttemptRunningError} while the same attempt runs
   */
  add(ref: AttemptRef, make: () => T): T {
    this.checkOpen();
    const key = keyOf(ref);
    if (this.#tasks.has(key)) {
      throw new AttemptRunningError(`Attempt ${ref.attempt} of ${ref.executionId} runs already; await its result.`);
    }
    const task = make();
    this.#tasks.set(key, task);
    void task.result.then(() => this.#tasks.delete(key));
    return task;
  }

  /** Refuses further attempts and stops those that run, without grace. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.running.map((task) => task.stop(0)));
  }
}
