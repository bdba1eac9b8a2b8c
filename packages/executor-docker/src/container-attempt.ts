import { Buffer } from "node:buffer";
import type { Duplex } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { OutputBuffer } from "@coxswain/executor";
import type { AttemptContext, AttemptRef, GuardTarget, RunningTask, TaskResult } from "@coxswain/executor";
import { Capture } from "./capture.ts";
import { containerName } from "./container-spec.ts";
import type { ContainerSpec, Run } from "./container-spec.ts";
import { EngineLostError, ImageUnavailableError, isLoss, messageOf, statusOf } from "./docker-errors.ts";
import type { DockerSettings } from "./docker-options.ts";
import { endingOf, endingOfEngine, endingOfGuard, endingOfLease, endingOfMissing, endingOfStart, neverRan, signalOf } from "./ending.ts";
import type { Ending, Exit } from "./ending.ts";
import type { Engine } from "./engine.ts";
import { guardTarget } from "./guard-target.ts";
import type { Images } from "./images.ts";
import { endMarked } from "./marked-processes.ts";
import type { Removals } from "./removals.ts";
import { Termination } from "./termination.ts";

/** What all attempts of an executor share. */
export interface Surroundings {
  readonly settings: DockerSettings;
  readonly engine: Engine;
  readonly images: Images;
  readonly removals: Removals;
}

/** A container still to be made, or one that an earlier incarnation started. */
export type Origin = { readonly spec: ContainerSpec } | { readonly containerId: string; readonly startedAtMs: number };

/** How an engine that shuts down ends its containers. */
const ENGINES_SIGNALS = new Set(["SIGTERM", "SIGKILL"]);
const ENGINE_WATCH_MS = 3_000;
const RETRY_MS = 100;
const TAIL_BYTES = 512;

/**
 * One attempt, in order: create, attach, wait, start, the exit, the end of the output. Attached
 * before it is waited for, and waited for before it is started, or its end could be missed.
 */
export class ContainerAttempt implements RunningTask {
  readonly ref: AttemptRef;
  readonly output: OutputBuffer;
  readonly result: Promise<TaskResult>;
  readonly #origin: Origin;
  readonly #run: Run;
  readonly #context: AttemptContext;
  readonly #around: Surroundings;
  readonly #termination: Termination;
  readonly #target: GuardTarget;
  #containerId: string | undefined;
  #startedAtMs = 0;
  /** The guard has taken it, so its end may be the guard's doing. */
  #guarded = false;

  constructor(origin: Origin, run: Run, context: AttemptContext, around: Surroundings) {
    this.ref = context.ref;
    this.output = new OutputBuffer({ capacityBytes: around.settings.outputCapacityBytes });
    this.#origin = origin;
    this.#run = run;
    this.#context = context;
    this.#around = around;
    this.#termination = new Termination(context.clock);
    this.#target = guardTarget(run.marker, around.settings.socketPath);
    this.result = this.#live();
  }

  async stop(graceMs: number): Promise<void> {
    this.#termination.ask("stop", graceMs);
    await this.result;
  }

  async #live(): Promise<TaskResult> {
    const { guard, clock } = this.#context;
    const ending = await this.#carryOut().catch((error: unknown) => this.#endingOfFailure(error));
    this.#termination.end();
    guard.release(this.#target);
    if (this.#containerId) this.#around.removals.add(containerName(this.ref), this.#containerId);
    this.output.end();
    return { ...ending, startedAtMs: this.#startedAtMs, endedAtMs: clock.now() };
  }

  async #carryOut(): Promise<Ending> {
    const { engine } = this.#around;
    const adopted = "containerId" in this.#origin;
    this.#containerId = "spec" in this.#origin ? await this.#create(this.#origin.spec) : this.#origin.containerId;
    if (this.#containerId === undefined) return this.#endingOf(undefined);
    const id = this.#containerId;
    const known = this.#protect();
    const capture = await this.#attach(id);
    try {
      const [wait] = await Promise.all([
        engine.wait(id, adopted ? "not-running" : "next-exit"),
        this.#checkVolumes(id),
      ]);
      const refused = await this.#announce(known);
      if (refused) {
        await engine.kill(id, "SIGKILL");
        return refused;
      }
      // Ended while it was made ready: it never runs.
      if (!adopted && this.#termination.cause) return this.#endingOf(undefined);
      return await this.#supervise(id, wait.code, capture);
    } finally {
      await capture.drain(this.#around.settings.drainMs);
    }
  }

  /** Undefined: it was ended before. */
  async #create(spec: ContainerSpec): Promise<string | undefined> {
    const { engine, images, removals, settings } = this.#around;
    await engine.checkFit();
    await removals.settled(spec.name);
    const create = async (): Promise<string> => (await engine.within(engine.docker.createContainer(spec))).id;
    if (settings.pullPolicy !== "always") {
      if (this.#termination.cause) return undefined;
      try {
        return await create();
      } catch (error) {
        if (statusOf(error) !== 404) throw error;
        if (settings.pullPolicy === "never") throw new ImageUnavailableError(`${messageOf(error)}, and this node does not pull images.`);
      }
    }
    // A pull may go on for others; an end need not wait for it.
    await Promise.race([images.pull(spec.Image), this.#termination.asked]);
    return this.#termination.cause ? undefined : create();
  }

  async #attach(id: string): Promise<Capture> {
    const { engine } = this.#around;
    const options = { stream: true, stdout: true, stderr: true, hijack: true };
    const stream = await engine.within(engine.docker.getContainer(id).attach(options));
    return new Capture(stream as unknown as Duplex, this.output);
  }

  /** Volumes that the image declares would be writable, outside every limit. */
  async #checkVolumes(id: string): Promise<void> {
    const { engine } = this.#around;
    const { Mounts: mounts } = await engine.within(engine.docker.getContainer(id).inspect());
    const places = mounts.filter(({ Type }) => Type === "volume").map(({ Destination }) => Destination);
    if (places.length === 0) return;
    throw Object.assign(new Error(`The image declares volumes (${places.join(", ")}), which no limit holds; use another.`), { statusCode: 400 });
  }

  /**
   * Once the container is there, and before it is started: so at the end of the lease the guard, which asks the engine
   * for it, finds it in any case, and what it removes is never started.
   */
  #protect(): Promise<void> {
    const known = this.#context.guard.protect(this.#target).then(() => void (this.#guarded = true));
    known.catch(() => {});
    return known;
  }

  /** The payload must not run before the guard knows it. */
  #announce(known: Promise<void>): Promise<Ending | undefined> {
    return Promise.race([known, this.#termination.asked]).then(
      () => undefined,
      (error: unknown) => endingOfGuard(error),
    );
  }

  /** From the start of the payload to its exit. */
  async #supervise(id: string, code: Promise<number>, capture: Capture): Promise<Ending> {
    const { clock } = this.#context;
    const { settings } = this.#around;
    this.#startedAtMs = "spec" in this.#origin ? clock.now() : this.#origin.startedAtMs;
    const leftMs = Math.max(0, this.#startedAtMs + this.#run.timeoutMs - clock.now());
    const cancelTimeout = clock.after(leftMs, () => this.#termination.ask("timeout", settings.timeoutGraceMs));
    try {
      if ("spec" in this.#origin) await this.#start(id);
      this.#termination.begin((signal) => void this.#signal(id, signal));
      const exit = await this.#exitOf(id, await code);
      this.#termination.end();
      await capture.drain(settings.drainMs);
      return await this.#endingOf(exit);
    } finally {
      cancelTimeout();
    }
  }

  async #start(id: string): Promise<void> {
    const { engine } = this.#around;
    try {
      await engine.within(engine.docker.getContainer(id).start());
    } catch (error) {
      if (!isLoss(error)) this.#startedAtMs = 0;
      throw error;
    }
    // The lease may have ended while the container had no process that the guard could find.
    void this.#context.guard.hasEnded(this.#target).then((ended) => {
      if (ended) void this.#signal(id, "SIGKILL");
    });
  }

  /** A flawless exit needs no second look; any other may be for want of memory. */
  async #exitOf(id: string, code: number): Promise<Exit> {
    if (code === 0) return { code, outOfMemory: false };
    const { engine } = this.#around;
    const suspect = this.#termination.cause === undefined && ENGINES_SIGNALS.has(signalOf(code) ?? "");
    // Watched from now on: an engine may be back within a second.
    const [{ State: state }, up] = await Promise.all([
      engine.within(engine.docker.getContainer(id).inspect()),
      !suspect || engine.staysUp(ENGINE_WATCH_MS),
    ]);
    if (!up && !state.OOMKilled) throw new EngineLostError("The engine was shut down, and its containers with it.");
    return { code, outOfMemory: state.OOMKilled };
  }

  async #endingOf(exit: Exit | undefined): Promise<Ending> {
    const { cause } = this.#termination;
    if (exit && cause === undefined) {
      const killed = signalOf(exit.code) === "SIGKILL" && !exit.outOfMemory;
      if (killed && (await this.#context.guard.hasEnded(this.#target))) return endingOfLease();
      const said = neverRan(exit, Buffer.from(this.output.tail(TAIL_BYTES)).toString());
      if (said !== undefined) {
        this.#startedAtMs = 0;
        return endingOfMissing(said);
      }
    }
    return endingOf(exit, cause, this.#run.timeoutMs);
  }

  async #signal(id: string, signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    try {
      await this.#around.engine.kill(id, signal);
    } catch (error) {
      this.#context.logger.warn({ err: error, signal, ...this.ref }, "the engine did not pass the signal on");
      if (signal === "SIGKILL") await endMarked(this.#run.marker);
    }
  }

  /** Settles only when it is certain that nothing of the attempt runs. */
  async #endingOfFailure(error: unknown): Promise<Ending> {
    // The guard may have taken the container away under the hands of this.
    const lost = this.#guarded && this.#termination.cause === undefined && (await this.#context.guard.hasEnded(this.#target));
    if (!isLoss(error)) {
      if (this.#containerId && this.#startedAtMs > 0) await this.#makeSure();
      return lost ? endingOfLease() : endingOfStart(error);
    }
    this.#context.logger.warn({ err: error, ...this.ref }, "the engine is lost; making sure that the attempt is, too");
    await this.#makeSure();
    const { cause } = this.#termination;
    if (lost) return endingOfLease();
    return cause ? endingOf(undefined, cause, this.#run.timeoutMs) : endingOfEngine(error);
  }

  /** The engine, back again, removes what it still has; without it, the processes are ended one by one. */
  async #makeSure(): Promise<void> {
    const { engine, settings } = this.#around;
    const giveUpAt = performance.now() + settings.engineLossMs;
    for (;;) {
      const ended = await endMarked(this.#run.marker).catch(() => false);
      try {
        await engine.removeRun(this.#containerId ?? containerName(this.ref), this.#run.marker);
        this.#containerId = undefined;
        return;
      } catch (error) {
        if (ended && performance.now() > giveUpAt) {
          this.#context.logger.error({ err: error, ...this.ref }, "the attempt's processes are ended; its container stays until the engine is back");
          return;
        }
      }
      await delay(RETRY_MS);
    }
  }
}
