import { randomUUID } from "node:crypto";
import { access, constants } from "node:fs/promises";
import { join } from "node:path";
import { AttemptRegister, checkAttempt, silentLogger } from "@coxswain/executor";
import type { AttemptContext, Availability, Executor, Logger, RunningTask, TaskSpec } from "@coxswain/executor";
import { commandOf } from "./command.ts";
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
    const around = await this.#prepare();
    return this.#register.add(
      context.ref,
      () => new ProcessAttempt(command, marker, spec.timeoutMs, context, around),
    );
  }

  /** Ends what earlier incarnations of this node left running. Call before the first `start`. */
  async reap(logger: Pick<Logger, "warn"> = silentLogger): Promise<void> {
    await this.#records.prepare();
    await reap(this.#records, logger);
  }

  /** Linux with `/bin/sh`, `mkfifo`, `/proc` and a writable state directory. */
  async available(): Promise<Availability> {
    if (process.platform !== "linux") return { ok: false, reason: `needs Linux, and this is ${process.platform}` };
    try {
      await access("/bin/sh", constants.X_OK);
      await this.#prepare();
      return { ok: true };
    } catch (error) {
      return { ok: false, reason: error instanceof Error ? error.message : String(error) };
    }
  }

  async close(): Promise<void> {
    await this.#register.close();
    if (await this.#surroundings?.catch(() => undefined)) await this.#pipes.close();
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
    await this.#records.prepare();
    await this.#pipes.prepare();
    const shared = { settings: this.#settings, pipes: this.#pipes, records: this.#records };
    return { ...shared, finder: new RunFinder(), bootId: await bootId() };
  }
}
