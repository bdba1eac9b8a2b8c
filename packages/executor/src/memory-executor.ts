import { AttemptRegister } from "./attempt-register.ts";
import { checkAttempt } from "./check-attempt.ts";
import type { AttemptContext, AttemptRef, Availability, Executor } from "./executor.ts";
import { MemoryTask } from "./memory-task.ts";
import type { OutputStream } from "./output-buffer.ts";
import type { Task, TaskSpec } from "./task-spec.ts";

/** What a pretended task does. */
export interface MemoryScript {
  readonly output?: readonly { readonly stream: OutputStream; readonly bytes: Uint8Array }[];
  /** `hang`: until stopped, timed out or finished by the test. `missing`: cannot be started. */
  readonly end: { readonly exitCode: number } | "hang" | "missing";
  /** Ends only when forced, after the grace. */
  readonly stubborn?: boolean;
}

export interface MemoryExecutorOptions {
  /** Default `process`. */
  readonly kind?: Task["kind"];
  /** Default: every task succeeds at once, without output. */
  readonly script?: (spec: TaskSpec, context: AttemptContext) => MemoryScript;
  /** Default 1 MiB. */
  readonly outputCapacityBytes?: number;
  /** An executor whose node was killed: what runs there can be adopted or reaped here. Default none. */
  readonly predecessor?: MemoryExecutor;
}

/**
 * The executors' twin for tests: keeps to the contract, runs nothing. Its tasks can be
 * finished by hand, and it records what it was asked to start.
 */
export class MemoryExecutor implements Executor {
  readonly kind: Task["kind"];
  /** Every attempt that was started, oldest first. */
  readonly started: AttemptRef[] = [];
  readonly #script: (spec: TaskSpec, context: AttemptContext) => MemoryScript;
  readonly #outputCapacityBytes: number;
  readonly #predecessor: MemoryExecutor | undefined;
  readonly #register = new AttemptRegister<MemoryTask>();
  #waiting: { readonly count: number; readonly resolve: () => void }[] = [];

  constructor(options: MemoryExecutorOptions = {}) {
    this.kind = options.kind ?? "process";
    this.#script = options.script ?? (() => ({ end: { exitCode: 0 } }));
    this.#outputCapacityBytes = options.outputCapacityBytes ?? 1024 * 1024;
    this.#predecessor = options.predecessor;
  }

  /** The tasks that have not ended. */
  get running(): readonly MemoryTask[] {
    return this.#register.running;
  }

  /** The task of an attempt that has not ended. */
  task(ref: AttemptRef): MemoryTask | undefined {
    return this.#register.get(ref);
  }

  /** Resolves when `count` attempts in all have been started. */
  async untilStarted(count: number): Promise<void> {
    if (this.started.length >= count) return;
    await new Promise<void>((resolve) => this.#waiting.push({ count, resolve }));
  }

  async start(spec: TaskSpec, context: AttemptContext): Promise<MemoryTask> {
    checkAttempt(this.kind, spec, context);
    const script = this.#script(spec, context);
    const task = this.#register.add(
      context.ref,
      () => new MemoryTask(spec, context, script, this.#outputCapacityBytes),
    );
    this.started.push(context.ref);
    for (const waiter of this.#waiting) if (waiter.count <= this.started.length) waiter.resolve();
    this.#waiting = this.#waiting.filter((waiter) => waiter.count > this.started.length);
    return task;
  }

  async leftovers(): Promise<readonly AttemptRef[]> {
    return this.#predecessors().map(({ ref }) => ref);
  }

  async adopt(attempts: readonly AttemptRef[]): Promise<MemoryTask[]> {
    const wanted = attempts.flatMap((ref) => this.#predecessor?.task(ref) ?? []);
    return wanted.map((task) => this.#register.add(task.ref, () => task));
  }

  async reap(): Promise<void> {
    await Promise.all(this.#predecessors().map((task) => task.stop(0)));
  }

  async available(): Promise<Availability> {
    return { ok: true };
  }

  async close(): Promise<void> {
    await this.#register.close();
  }

  #predecessors(): readonly MemoryTask[] {
    return (this.#predecessor?.running ?? []).filter(({ ref }) => this.#register.get(ref) === undefined);
  }
}
