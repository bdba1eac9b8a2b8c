import { OutputBuffer } from "@coxswain/executor";
import type { AttemptContext, AttemptRef, GuardTarget, RunningTask, TaskResult } from "@coxswain/executor";
import { Capture } from "./capture.ts";
import { checkDirectory, findProgram } from "./command.ts";
import type { Command } from "./command.ts";
import { endingOf, endingOfGuard, endingOfLease, endingOfStart } from "./exit-result.ts";
import type { Ending } from "./exit-result.ts";
import type { PipePool } from "./pipe-pool.ts";
import type { ProcessSettings } from "./process-options.ts";
import { processStat } from "./process-table.ts";
import { markerEntry } from "./run-finder.ts";
import type { RunFinder } from "./run-finder.ts";
import type { RunRecords } from "./run-records.ts";
import { Shim } from "./shim.ts";
import type { Exit } from "./shim.ts";
import { sweep } from "./sweep.ts";
import { Termination } from "./termination.ts";
import { within } from "./within.ts";

/** What all attempts of an executor share. */
export interface Surroundings {
  readonly settings: ProcessSettings;
  readonly pipes: PipePool;
  readonly records: RunRecords;
  readonly finder: RunFinder;
  readonly bootId: string;
}

/**
 * One attempt, in order: a shim is started in its own group; its record is written and the
 * guard told; the payload is let go; its exit is awaited; what is left of it is killed.
 */
export class ProcessAttempt implements RunningTask {
  readonly ref: AttemptRef;
  readonly output: OutputBuffer;
  readonly result: Promise<TaskResult>;
  readonly #command: Command;
  readonly #timeoutMs: number;
  readonly #context: AttemptContext;
  readonly #around: Surroundings;
  readonly #marker: string;
  readonly #termination: Termination;
  #startedAtMs = 0;

  /** @param marker names the run; unguessable and never used again */
  constructor(command: Command, marker: string, timeoutMs: number, context: AttemptContext, around: Surroundings) {
    this.ref = context.ref;
    this.output = new OutputBuffer({ capacityBytes: around.settings.outputCapacityBytes, budget: context.outputBudget });
    this.#command = command;
    this.#marker = marker;
    this.#timeoutMs = timeoutMs;
    this.#context = context;
    this.#around = around;
    this.#termination = new Termination(context.clock);
    this.result = this.#live();
  }

  async stop(graceMs: number): Promise<void> {
    this.#termination.ask("stop", graceMs);
    await this.result;
  }

  async #live(): Promise<TaskResult> {
    const ending = await this.#run().catch(endingOfStart);
    await this.#around.records.remove(this.#marker).catch((error: unknown) => {
      this.#context.logger.warn({ err: error, ...this.ref }, "what the attempt left on disk stays until the next start");
    });
    this.output.end();
    return { ...ending, startedAtMs: this.#startedAtMs, endedAtMs: this.#context.clock.now() };
  }

  async #run(): Promise<Ending> {
    const { records, pipes } = this.#around;
    const directory = this.#command.workingDirectory ?? (await records.makeWork(this.#marker));
    await checkDirectory(directory);
    const program = await findProgram(this.#command, directory);
    const capture = await Capture.open(pipes, this.output);
    try {
      if (this.#termination.cause) return endingOf(undefined, this.#termination.cause, this.#timeoutMs);
      const shim = await Shim.spawn(this.#command, program, directory, capture.outFd, capture.errFd);
      capture.closeWriters();
      return await this.#attend(shim, capture);
    } finally {
      await capture.destroy();
    }
  }

  /** From the shim's start to the end of everything that came of it. */
  async #attend(shim: Shim, capture: Capture): Promise<Ending> {
    const { guard } = this.#context;
    const startTime = processStat(shim.pid)?.startTime ?? "";
    const target: GuardTarget = {
      kind: "process-group",
      pgid: shim.pid,
      startTime,
      marker: markerEntry(this.#marker),
    };
    try {
      const refused = await this.#announce(target);
      if (refused) return refused;
      return await this.#supervise(shim, target, capture);
    } finally {
      shim.cancel();
      await this.#sweep(shim.pid);
      await shim.exit;
      guard.release(target);
      await within(this.#around.settings.drainMs, capture.ended);
    }
  }

  /** Tells the record and the guard; the payload must not run before both know it. */
  async #announce(target: GuardTarget): Promise<Ending | undefined> {
    const { pgid, startTime } = target;
    const known = this.#context.guard.protect(target);
    known.catch(() => {});
    await this.#around.records.write({ bootId: this.#around.bootId, pgid, startTime, marker: this.#marker, ...this.ref });
    return Promise.race([known, this.#termination.asked]).then(
      () => undefined,
      (error: unknown) => endingOfGuard(error),
    );
  }

  async #supervise(shim: Shim, target: GuardTarget, capture: Capture): Promise<Ending> {
    const { settings } = this.#around;
    if (this.#termination.cause) return endingOf(undefined, this.#termination.cause, this.#timeoutMs);
    this.#startedAtMs = this.#context.clock.now();
    this.#termination.begin(shim.pid);
    const cancelTimeout = this.#context.clock.after(this.#timeoutMs, () =>
      this.#termination.ask("timeout", settings.timeoutGraceMs),
    );
    shim.go();
    const exit = await shim.exit;
    cancelTimeout();
    const ending = await this.#endingOf(exit, target);
    await this.#termination.grace();
    await within(settings.drainMs, capture.ended);
    return ending;
  }

  async #endingOf(exit: Exit, target: GuardTarget): Promise<Ending> {
    const { cause } = this.#termination;
    const unexplained = cause === undefined && exit.signal === "SIGKILL";
    if (unexplained && (await this.#context.guard.hasEnded(target))) return endingOfLease(exit);
    return endingOf(exit, cause, this.#timeoutMs);
  }

  async #sweep(pgid: number): Promise<void> {
    const left = await sweep({ pgid, marker: this.#marker }, this.#around.finder);
    this.#termination.end();
    if (left.length > 0) this.#context.logger.error({ pids: left, ...this.ref }, "processes outlive SIGKILL");
  }
}
