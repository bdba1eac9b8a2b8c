import { OutputBuffer } from "@coxswain/executor";
import type { AttemptContext, AttemptRef, ProcessGroupTarget, RunningTask, TaskResult } from "@coxswain/executor";
import { Capture } from "./capture.ts";
import type { Cgroup } from "./cgroup/cgroup.ts";
import type { Command } from "./command.ts";
import { endingOf, endingOfGuard, endingOfLease, endingOfMemory, endingOfStart } from "./exit-result.ts";
import type { Ending } from "./exit-result.ts";
import type { Isolation } from "./isolation.ts";
import type { Limits } from "./limits.ts";
import { payloadOf } from "./payload.ts";
import type { PipePool } from "./pipe-pool.ts";
import type { ProcessSettings } from "./process-options.ts";
import { groupMembers, processStat, termProcess } from "./process-table.ts";
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
  readonly isolation: Isolation;
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
  readonly #limits: Limits;
  readonly #timeoutMs: number;
  readonly #context: AttemptContext;
  readonly #around: Surroundings;
  readonly #marker: string;
  readonly #termination: Termination;
  readonly #cgroup: Cgroup | undefined;
  #startedAtMs = 0;
  /** It is ended at the next start, by the run's record. */
  #cgroupStays = false;

  /** @param marker names the run; unguessable and never used again */
  constructor(
    command: Command,
    limits: Limits,
    marker: string,
    timeoutMs: number,
    context: AttemptContext,
    around: Surroundings,
  ) {
    this.ref = context.ref;
    this.output = new OutputBuffer({ capacityBytes: around.settings.outputCapacityBytes, budget: context.outputBudget });
    this.#command = command;
    this.#limits = limits;
    this.#marker = marker;
    this.#timeoutMs = timeoutMs;
    this.#context = context;
    this.#around = around;
    this.#cgroup = around.isolation.cgroups?.of(marker);
    this.#termination = new Termination(context.clock);
    this.result = this.#live();
  }

  async stop(graceMs: number): Promise<void> {
    this.#termination.ask("stop", graceMs);
    await this.result;
  }

  async #live(): Promise<TaskResult> {
    const ending = await this.#run().catch(endingOfStart);
    if (!this.#cgroupStays) await this.#forget();
    this.output.end();
    return { ...ending, startedAtMs: this.#startedAtMs, endedAtMs: this.#context.clock.now() };
  }

  async #forget(): Promise<void> {
    await this.#around.records.remove(this.#marker).catch((error: unknown) => {
      this.#context.logger.warn({ err: error, ...this.ref }, "what the attempt left on disk stays until the next start");
    });
  }

  async #run(): Promise<Ending> {
    const { records, pipes, isolation } = this.#around;
    const payload = await payloadOf(this.#command, this.#limits, isolation.sandbox, () => records.makeWork(this.#marker));
    const capture = await Capture.open(pipes, this.output);
    try {
      if (this.#termination.cause) return endingOf(undefined, this.#termination.cause, this.#timeoutMs);
      const shim = await Shim.spawn(payload, capture.outFd, capture.errFd);
      capture.closeWriters();
      return await this.#attend(shim, capture);
    } finally {
      await capture.destroy();
    }
  }

  /** From the shim's start to the end of everything that came of it. */
  async #attend(shim: Shim, capture: Capture): Promise<Ending> {
    let target: ProcessGroupTarget | undefined;
    try {
      target = this.#targetOf(shim);
      const refused = await this.#announce(target);
      if (refused) return refused;
      await this.#cgroup?.make(this.#limits);
      await this.#cgroup?.enter(shim.pid);
      return await this.#supervise(shim, target, capture);
    } finally {
      // Nothing here rejects: each step is for what must not be left behind.
      shim.cancel();
      await this.#endCgroup();
      await this.#sweep(shim.pid);
      await shim.exit;
      if (target) this.#context.guard.release(target);
      await within(this.#around.settings.drainMs, capture.ended);
    }
  }

  #targetOf({ pid }: Shim): ProcessGroupTarget {
    const startTime = processStat(pid)?.startTime ?? "";
    const place = this.#cgroup ? { cgroup: this.#cgroup.directory } : {};
    return { kind: "process-group", pgid: pid, startTime, marker: markerEntry(this.#marker), ...place };
  }

  /** Tells the record and the guard; the payload must not run before both know it. */
  async #announce(target: ProcessGroupTarget): Promise<Ending | undefined> {
    const { pgid, startTime, cgroup } = target;
    const known = this.#context.guard.protect(target);
    known.catch(() => {});
    const place = cgroup === undefined ? {} : { cgroup };
    await this.#around.records.write({ bootId: this.#around.bootId, pgid, startTime, marker: this.#marker, ...place, ...this.ref });
    return Promise.race([known, this.#termination.asked]).then(
      () => undefined,
      (error: unknown) => endingOfGuard(error),
    );
  }

  async #supervise(shim: Shim, target: ProcessGroupTarget, capture: Capture): Promise<Ending> {
    const { settings } = this.#around;
    if (this.#termination.cause) return endingOf(undefined, this.#termination.cause, this.#timeoutMs);
    this.#startedAtMs = this.#context.clock.now();
    this.#termination.begin(shim.pid, this.#termOf(shim));
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

  async #endingOf(exit: Exit, target: ProcessGroupTarget): Promise<Ending> {
    const { cause } = this.#termination;
    const ranOutOfMemory = await this.#limitsHit();
    if (cause === undefined && exit.code !== 0 && ranOutOfMemory) {
      return endingOfMemory(exit, this.#limits.memoryBytes);
    }
    const unexplained = cause === undefined && exit.signal === "SIGKILL";
    if (unexplained && (await this.#context.guard.hasEnded(target))) return endingOfLease(exit);
    return endingOf(exit, cause, this.#timeoutMs);
  }

  /**
   * Tells the log, and whether memory ran out. Not the exit code but the kernel's count knows: a
   * program may exit as it likes when its child is killed.
   */
  async #limitsHit(): Promise<boolean> {
    const { logger } = this.#context;
    // How the program ended is known all the same.
    const unread = (error: unknown): number => {
      logger.warn({ err: error, ...this.ref }, "whether an attempt hit a limit cannot be read");
      return 0;
    };
    const kills = (await this.#cgroup?.oomKills().catch(unread)) ?? 0;
    const forksRefused = (await this.#cgroup?.forksRefused().catch(unread)) ?? 0;
    if (kills > 0) logger.warn({ limit: "memoryBytes", kills, ...this.ref }, "an attempt hit a limit");
    if (forksRefused > 0) logger.warn({ limit: "pids", forksRefused, ...this.ref }, "an attempt hit a limit");
    return kills > 0;
  }

  /**
   * bubblewrap itself must outlive SIGTERM, or all that is inside would die without a grace;
   * so everyone but it is asked. Undefined: the whole group is.
   */
  #termOf(shim: Shim): (() => void) | undefined {
    if (!this.#around.isolation.sandbox) return undefined;
    const members = (): Promise<readonly number[]> => this.#cgroup?.members() ?? groupMembers(shim.pid);
    const ask = async (): Promise<void> => (await members()).filter((pid) => pid !== shim.pid).forEach(termProcess);
    return () => {
      // Then the end of the grace ends it.
      void ask().catch((error: unknown) => this.#context.logger.warn({ err: error, ...this.ref }, "SIGTERM was not sent"));
    };
  }

  async #endCgroup(): Promise<void> {
    try {
      const left = (await this.#cgroup?.end()) ?? [];
      this.#cgroupStays = left.length > 0;
      if (left.length > 0) this.#context.logger.error({ pids: left, ...this.ref }, "processes outlive cgroup.kill");
    } catch (error) {
      this.#cgroupStays = true;
      this.#context.logger.error({ err: error, ...this.ref }, "the attempt's cgroup stays until the next start");
    }
  }

  async #sweep(pgid: number): Promise<void> {
    const { clock, logger } = this.#context;
    const { finder, isolation } = this.#around;
    const marker = isolation.sandbox ? undefined : this.#marker;
    const unreadable = (error: unknown): void =>
      logger.warn({ err: error, ...this.ref }, "the process table cannot be read; the attempt ends when it is seen to be gone");
    // From here on the sweep alone signals: it knows when the group is gone and its number may be another's.
    this.#termination.end();
    const left = await sweep({ pgid, marker }, { finder, clock, unreadable });
    if (left.length > 0) logger.error({ pids: left, ...this.ref }, "processes outlive SIGKILL");
  }
}
