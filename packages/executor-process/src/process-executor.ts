import { randomUUID } from "node:crypto";
import { access, constants } from "node:fs/promises";
import { join } from "node:path";
import { AttemptRegister, checkAttempt, silentLogger } from "@coxswain/executor";
import type { AttemptContext, Availability, Executor, Logger, RunningTask, TaskSpec } from "@coxswain/executor";
import { commandOf } from "./command.ts";
import { Isolation } from "./isolation.ts";
import { boundsOf, hostBounds, limitsOf, namedIn } from "./limits.ts";
import type { Bounds } from "./limits.ts";
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
  #bounds: Promise<Bounds> | undefined;

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
    const asked = task.limits ?? {};
    const limits = limitsOf(asked, this.#settings.limits, await this.#boundsHere());
    const around = await this.#prepare();
    // What the node gives without being asked may be missing if unlimited processes are allowed; what the task names may not.
    around.isolation.checkHolds(namedIn(this.#settings.allowUnlimitedProcesses ? asked : limits));
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
   * Linux with `/bin/sh`, `mkfifo`, `/proc`, a writable state directory, bubblewrap or
   * util-linux, and cgroup v2; the last two may be missing, which is then said, if unlimited processes are allowed.
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

  #boundsHere(): Promise<Bounds> {
    this.#bounds ??= hostBounds().then((host) => boundsOf(host, this.#settings.maxLimits));
    return this.#bounds;
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
    const isolation = await Isolation.open(this.#settings);
    await this.#records.prepare();
    await this.#pipes.prepare();
    const shared = { settings: this.#settings, pipes: this.#pipes, records: this.#records, isolation };
    return { ...shared, finder: new RunFinder(), bootId: await bootId() };
  }
}
