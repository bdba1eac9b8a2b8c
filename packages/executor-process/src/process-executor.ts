import { randomUUID } from "node:crypto";
import { access, constants } from "node:fs/promises";
import { join } from "node:path";
import { AttemptRegister, checkAttempt, IsolationMissingError, silentLogger } from "@coxswain/executor";
import type { AttemptContext, Availability, Executor, Logger, RunningTask, TaskSpec } from "@coxswain/executor";
import { hostOf, limitsOf } from "./cgroup/limits.ts";
import type { Limits } from "./cgroup/limits.ts";
import { controllersFor } from "./cgroup/control-files.ts";
import { commandOf } from "./command.ts";
import { openIsolation } from "./isolation.ts";
import type { Isolation } from "./isolation.ts";
import { PipePool } from "./pipe-pool.ts";
import { ProcessAttempt } from "./process-attempt.ts";
import type { Surroundings } from "./process-attempt.ts";
import { settingsOf } from "./process-options.ts";
import type { ProcessExecutorOptions, ProcessSettings } from "./process-options.ts";
import { bootId } from "./process-table.ts";
import { reap } from "./reap.ts";
import { RunFinder } from "./run-finder.ts";
import { RunRecords } from "./run-records.ts";

/** Runs `process` tasks on Linux. */
export class ProcessExecutor implements Executor {
  readonly kind = "process";
  readonly #settings: ProcessSettings;
  readonly #records: RunRecords;
  readonly #pipes: PipePool;
  readonly #register = new AttemptRegister<ProcessAttempt>();
  #surroundings: Promise<Surroundings> | undefined;

  constructor(options: ProcessExecutorOptions) {
    this.#settings = settingsOf(options);
    this.#records = new RunRecords(options.stateDirectory);
    this.#pipes = new PipePool(join(options.stateDirectory, "pipes"));
  }

  async start(spec: TaskSpec, context: AttemptContext): Promise<RunningTask> {
    this.#register.checkOpen();
    const task = checkAttempt(this.kind, spec, context);
    const marker = randomUUID();
    const command = commandOf(task, context, this.#settings.path, marker);
    const limits = limitsOf(task.limits ?? {}, this.#settings.limits, await hostOf(this.#settings.maxLimits));
    const around = await this.#prepare();
    this.#checkControllers(limits, around.isolation);
    return this.#register.add(
      context.ref,
      () => new ProcessAttempt(command, limits, marker, spec.timeoutMs, context, around),
    );
  }

  /** Ends what earlier incarnations of this node left running. Call before the first `start`. */
  async reap(logger: Pick<Logger, "warn"> = silentLogger): Promise<void> {
    await this.#records.prepare();
    await reap(this.#records, logger);
  }

  /**
   * Linux with `/bin/sh`, `mkfifo`, `/proc`, a writable state directory, bubblewrap and
   * cgroup v2; the last two may be missing, which is then said, if unlimited processes are allowed.
   */
  async available(): Promise<Availability> {
    if (process.platform !== "linux") return { ok: false, reason: `needs Linux, and this is ${process.platform}` };
    try {
      await access("/bin/sh", constants.X_OK);
      const { limitations } = (await this.#prepare()).isolation;
      return limitations === undefined ? { ok: true } : { ok: true, limitations };
    } catch (error) {
      return { ok: false, reason: error instanceof Error ? error.message : String(error) };
    }
  }

  async close(): Promise<void> {
    await this.#register.close();
    if (await this.#surroundings?.catch(() => undefined)) await this.#pipes.close();
  }

  /** The rarer controllers are asked for by the task alone. */
  #checkControllers(limits: Limits, { cgroups }: Isolation): void {
    const missing = controllersFor(limits).filter((controller) => !cgroups?.controllers.has(controller));
    if (missing.length === 0 || this.#settings.allowUnlimitedProcesses) return;
    throw new IsolationMissingError(`The cgroup controllers ${missing.join(", ")} are missing; ask for fewer limits, or another node.`);
  }

  /** Done once; tried again after a failure. */
  #prepare(): Promise<Surroundings> {
    this.#surroundings ??= this.#makeSurroundings().catch((error: unknown) => {
      this.#surroundings = undefined;
      throw error;
    });
    return this.#surroundings;
  }

  async #makeSurroundings(): Promise<Surroundings> {
    const isolation = await openIsolation(this.#settings);
    await this.#records.prepare();
    await this.#pipes.prepare();
    const shared = { settings: this.#settings, pipes: this.#pipes, records: this.#records, isolation };
    return { ...shared, finder: new RunFinder(), bootId: await bootId() };
  }
}
