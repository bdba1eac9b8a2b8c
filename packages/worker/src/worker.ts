/**
 * Runs on this node what the replicated state assigns to it.
 *
 * The state is the truth, events are hints (G2): on each hint the worker compares what the state says
 * runs here, under this incarnation, with what does run here, and mends the difference. So a missed event, a
 * snapshot or a restart needs no special case.
 */
import type { AttemptContext, AttemptRef, Clock, Executor, GuardHandle, OutputBudget, RunningTask, TaskResult } from "@coxswain/executor";
import { StopReason } from "@coxswain/state-machine";
import type { Execution, Job } from "@coxswain/state-machine";
import { Adoptions } from "./adoptions.ts";
import { attemptReport, lostResult } from "./attempt-report.ts";
import { attemptKey } from "./contracts.ts";
import type { AssignedAttempt, AttemptReports, ResultStore, WorkerLogger, WorkerStore } from "./contracts.ts";
import type { Lease } from "./lease.ts";
import { LocalAttempt } from "./local-attempt.ts";
import type { AttemptOutput } from "./output/attempt-output.ts";
import type { OutputSpool } from "./output/output-spool.ts";
import { Outputs } from "./output/outputs.ts";
import { Reporter } from "./reporter.ts";
import { executorTask } from "./task-spec.ts";

export interface WorkerOptions {
  readonly nodeId: number;
  /** This start of the node; the worker starts nothing that is assigned to another. */
  readonly incarnation: number;
  readonly store: WorkerStore;
  /** By kind of task. */
  readonly executors: ReadonlyMap<string, Executor>;
  readonly reports: AttemptReports;
  readonly results: ResultStore;
  readonly lease: Lease;
  readonly guard: GuardHandle;
  readonly clock: Clock;
  readonly logger: WorkerLogger;
  /** End of the output that travels with a result. Default 2048; 0 turns it off. */
  readonly outputTailBytes?: number;
  /** Keeps the output of finished attempts. Default none: the last few stay in memory. */
  readonly outputSpool?: OutputSpool;
  /** Bounds the memory of all output of this node. Default none. */
  readonly outputBudget?: OutputBudget;
  /** Finished attempts whose output stays in memory where it is not spooled. Default 16. */
  readonly outputsKeptInMemory?: number;
  /** Between the polite stop of a cancelled attempt and its kill, where the cancel does not say. Default 5000. */
  readonly stopGraceMs?: number;
}

const DEFAULT_OUTPUT_TAIL_BYTES = 2_048;
const DEFAULT_OUTPUTS_KEPT_IN_MEMORY = 16;
const DEFAULT_STOP_GRACE_MS = 5_000;
const EVENTS = ["assigned", "stopRequested", "attemptEnded", "restored"] as const;

export class Worker {
  readonly #options: WorkerOptions;
  readonly #reporter: Reporter;
  readonly #adoptions: Adoptions;
  readonly #outputs: Outputs;
  readonly #attempts = new Map<string, LocalAttempt>();
  readonly #stopListening: (() => void)[] = [];
  #incarnation: number;
  readonly #checks = new Set<() => void>();
  #reconcileQueued = false;
  #started = false;
  #draining = false;

  constructor(options: WorkerOptions) {
    this.#options = options;
    this.#incarnation = options.incarnation;
    const { reports, results, logger, clock } = options;
    this.#outputs = new Outputs({
      spool: options.outputSpool,
      keptInMemory: options.outputsKeptInMemory ?? DEFAULT_OUTPUTS_KEPT_IN_MEMORY,
      logger,
    });
    this.#reporter = new Reporter({ reports, results, logger, after: (ms, callback) => clock.after(ms, callback) });
    const { store, executors, guard, outputBudget } = options;
    this.#adoptions = new Adoptions({ store, executors, logger, surroundings: { guard, logger, clock, outputBudget } });
  }

  /**
   * Takes up attempts that an earlier start of this node left running, where their executors can. Call it before this
   * start registers and while the lease of the earlier one lasts; then let the executors reap the rest.
   *
   * @returns what the registration has to name as adopted
   */
  async adopt(): Promise<readonly AttemptRef[]> {
    const results = await this.#reporter.load();
    const known = new Set(results.map(attemptKey));
    await this.#adoptions.take((key) => known.has(key));
    return this.#adoptions.refs;
  }

  /**
   * Reports what earlier starts of this node left behind. Call it before this start registers: registering
   * ends attempts of earlier incarnations, and a finished one would run again.
   */
  async reportLeftovers(): Promise<void> {
    const left = await this.#reporter.load();
    if (left.length === 0) return;
    this.#options.logger.info({ results: left.length }, "reporting results of an earlier start");
    await this.#reporter.flush();
  }

  /**
   * Call once the registration of this incarnation was applied here. What was adopted goes on where the state gives it
   * to this incarnation, and is ended where it does not. After `stop` it does nothing.
   */
  start(): void {
    if (this.#started || this.#draining) return;
    this.#started = true;
    const { store, lease } = this.#options;
    for (const event of EVENTS) this.#stopListening.push(store.on(event, () => this.#reconcileSoon()));
    this.#stopListening.push(
      lease.onLost(() => this.#giveUpAll("The lease of the node ran out.")),
      lease.onHeld(() => this.#reconcileSoon()),
    );
    this.#reconcile();
    void this.#adoptions.endRest();
  }

  /** Attempts that run here. */
  get runningCount(): number {
    return this.#attempts.size;
  }

  /**
   * Goes on as a new incarnation: for a node that the cluster gave up. Ends what still runs here and resolves when
   * nothing does; only then may the new incarnation register.
   */
  async reincarnate(incarnation: number): Promise<void> {
    this.#incarnation = incarnation;
    this.#giveUpAll("The cluster gave the node up.");
    await this.#adoptions.endRest();
    await this.#until(() => this.#attempts.size === 0);
  }

  /** The output of an attempt that started here, be it running, just finished or spooled; undefined when it is not known here, or no longer. */
  output(executionId: string, attempt: number): AttemptOutput | undefined {
    return this.#outputs.of({ executionId, attempt });
  }

  /**
   * As `output`, for an attempt that may be about to start here: waits until it has an output, or has ended without
   * one. Rejects with the signal's reason.
   */
  async outputOnceStarted(executionId: string, attempt: number, signal: AbortSignal): Promise<AttemptOutput | undefined> {
    const ref = { executionId, attempt };
    const known = (): boolean => this.#outputs.of(ref) !== undefined || !this.#attempts.has(attemptKey(ref));
    await this.#until(known, { signal });
    signal.throwIfAborted();
    return this.#outputs.of(ref);
  }

  /** Readers of the outputs that are in memory here. */
  get readerCount(): number {
    return this.#outputs.readerCount;
  }

  /** The end of what a running attempt has written so far; undefined when it does not run here. */
  outputTail(executionId: string, attempt: number, tailBytes: number): Uint8Array | undefined {
    return this.#attempts.get(attemptKey({ executionId, attempt }))?.output?.tail(tailBytes);
  }

  /**
   * Starts nothing more, lets what runs finish for up to `drainMs`, gives the rest up as lost and waits for
   * the results to be committed, for `reportMs` at most; what is not is reported after the next start.
   */
  async stop(options: { readonly drainMs: number; readonly reportMs: number }): Promise<void> {
    this.#draining = true;
    const unclaimed = this.#adoptions.endRest();
    if (this.#started) {
      this.#reconcile();
      await this.#until(() => this.#attempts.size === 0, { timeoutMs: options.drainMs });
      this.#giveUpAll("The node shut down.");
      await this.#until(() => this.#attempts.size === 0, { timeoutMs: options.reportMs });
      await this.#until(() => this.#reporter.unsent === 0, { timeoutMs: options.reportMs });
    }
    for (const stop of this.#stopListening.splice(0)) stop();
    await unclaimed;
    await this.#reporter.close();
  }

  #reconcileSoon(): void {
    if (this.#reconcileQueued) return;
    this.#reconcileQueued = true;
    queueMicrotask(() => {
      this.#reconcileQueued = false;
      this.#reconcile();
    });
  }

  #reconcile(): void {
    const { store, nodeId } = this.#options;
    const running = new Set<string>();
    const assigned = new Set<string>();
    for (const attempt of store.running(nodeId)) {
      const key = attemptKey(attempt);
      running.add(key);
      if (attempt.nodeIncarnation !== this.#incarnation) continue;
      assigned.add(key);
      this.#mend(key, attempt);
    }
    for (const [key, attempt] of this.#attempts)
      if (!assigned.has(key)) attempt.giveUp("The cluster ended the attempt.");
    // Under whichever incarnation it runs: until its end is applied, its result may still count (G14).
    const ended = this.#reporter.keys().filter((key) => !running.has(key));
    if (ended.length > 0) void this.#reporter.forget(ended).catch((error: unknown) => this.#logResultStore(error));
    this.#wake();
  }

  #mend(key: string, assigned: AssignedAttempt): void {
    if (this.#reporter.has(key)) return;
    const attempt = this.#attempts.get(key);
    if (attempt !== undefined) {
      if (assigned.stopRequested !== StopReason.UNSPECIFIED) attempt.stop(assigned.stopGraceMs ?? this.#stopGraceMs);
      return;
    }
    const adopted = this.#adoptions.claim(key);
    if (adopted !== undefined) return void this.#run(key, assigned, adopted);
    if (this.#draining) return this.#refuse(assigned, "The node is shutting down.");
    // Without a lease nothing starts; onHeld reconciles again.
    if (this.#options.lease.held) void this.#run(key, assigned);
  }

  /** @param adopted runs already */
  async #run(key: string, assigned: AssignedAttempt, adopted?: RunningTask): Promise<void> {
    const attempt = new LocalAttempt(assigned, this.#options.clock.now, (output) => {
      this.#outputs.follow(assigned, output, ended);
      this.#wake();
    });
    this.#attempts.set(key, attempt);
    if (assigned.stopRequested !== StopReason.UNSPECIFIED) attempt.stop(adopted === undefined ? 0 : (assigned.stopGraceMs ?? this.#stopGraceMs));
    const ended = adopted === undefined ? this.#result(attempt) : this.#resultOfAdopted(attempt, adopted);
    const result = await ended;
    const tailBytes = this.#options.outputTailBytes ?? DEFAULT_OUTPUT_TAIL_BYTES;
    this.#reporter.add(attemptReport(assigned, result, attempt.output, tailBytes));
    this.#attempts.delete(key);
    this.#options.logger.info(
      {
        event: "attempt.ended",
        ...{ jobId: assigned.jobId, execution: assigned.executionId, attempt: assigned.attempt },
        ...{ outcome: result.outcome, exitCode: result.exitCode },
      },
      "attempt ended",
    );
    this.#wake();
  }

  /** Never rejects. */
  async #resultOfAdopted(attempt: LocalAttempt, task: RunningTask): Promise<TaskResult> {
    const { executionId: execution, attempt: number } = attempt.assigned;
    // When it has a result already, the rest of this turn must see it as running all the same.
    await Promise.resolve();
    this.#options.logger.info({ execution, attempt: number }, "attempt adopted");
    return attempt.attend(task);
  }

  /** Never rejects. */
  async #result(attempt: LocalAttempt): Promise<TaskResult> {
    const { assigned } = attempt;
    const { store, executors, clock, logger } = this.#options;
    try {
      const [job, execution] = await Promise.all([store.job(assigned.jobId), store.execution(assigned.executionId)]);
      if (job === undefined || execution === undefined)
        return lostResult("The job is gone from the store.", 0, clock.now());
      const task = executorTask(job);
      const executor = task && executors.get(task.kind);
      if (task === undefined || executor === undefined)
        return lostResult(`This node does not offer tasks of kind ${task?.kind ?? "none"}.`, 0, clock.now());
      const { jobId, executionId, attempt: number } = assigned;
      logger.info(
        { event: "attempt.started", jobId, owner: job.owner, execution: executionId, attempt: number, kind: task.kind },
        "attempt starts",
      );
      const spec = { task, timeoutMs: job.policy?.timeoutMs ?? 0 };
      return await attempt.run(executor, spec, this.#context(assigned, job, execution));
    } catch (error) {
      // The fault is this node's and nothing has run: no try of the job is used up by it.
      logger.error({ err: error, execution: assigned.executionId }, "attempt could not be run");
      return lostResult("The node could not read the job; see its log.", 0, clock.now());
    }
  }

  #context(assigned: AssignedAttempt, job: Job, execution: Execution): AttemptContext {
    const { guard, logger, clock, outputBudget } = this.#options;
    return {
      ref: { executionId: assigned.executionId, attempt: assigned.attempt },
      jobId: job.id,
      jobType: job.schedule?.kind?.$case === "cron" ? "recurrente" : "unico",
      dueMs: execution.dueMs,
      guard,
      logger,
      clock,
      outputBudget,
    };
  }

  #refuse(assigned: AssignedAttempt, reason: string): void {
    const result = lostResult(reason, 0, this.#options.clock.now());
    this.#reporter.add(attemptReport(assigned, result, undefined, 0));
  }

  #giveUpAll(reason: string): void {
    for (const attempt of this.#attempts.values()) attempt.giveUp(reason);
  }

  get #stopGraceMs(): number {
    return this.#options.stopGraceMs ?? DEFAULT_STOP_GRACE_MS;
  }

  #logResultStore(error: unknown): void {
    this.#options.logger.warn({ err: error }, "applied results could not be removed; they are ignored when reported again");
  }

  #wake(): void {
    for (const check of this.#checks) check();
  }

  /** Resolves when the condition holds after some change, when the time is over, or when the signal aborts. */
  #until(condition: () => boolean, limit: { readonly timeoutMs?: number; readonly signal?: AbortSignal } = {}): Promise<void> {
    const { timeoutMs, signal } = limit;
    if (condition() || signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const finish = (): void => {
        cancelTimeout?.();
        signal?.removeEventListener("abort", finish);
        this.#checks.delete(check);
        resolve();
      };
      const check = (): void => {
        if (condition()) finish();
      };
      const cancelTimeout = timeoutMs === undefined ? undefined : this.#options.clock.after(timeoutMs, finish);
      signal?.addEventListener("abort", finish);
      this.#checks.add(check);
    });
  }
}
