import { Buffer } from "node:buffer";
import type { Duplex } from "node:stream";
import { OutputBuffer } from "@coxswain/executor";
import type { AttemptContext, AttemptRef, GuardTarget, RunningTask, TaskResult } from "@coxswain/executor";
import { offsetAfterAdoption } from "./adoption.ts";
import type { AdoptedContainer } from "./adoption.ts";
import { Capture } from "./capture.ts";
import { makeSure } from "./certain-end.ts";
import { makeContainer } from "./container-making.ts";
import type { Surroundings } from "./container-making.ts";
import { containerName } from "./container-spec.ts";
import type { ContainerSpec, Run } from "./container-spec.ts";
import { isLoss } from "./docker-errors.ts";
import { endingOf, endingOfEngine, endingOfGuard, endingOfLease, endingOfMissing, endingOfStart, neverRan, signalOf } from "./ending.ts";
import type { Ending, Exit } from "./ending.ts";
import { guardTarget } from "./guard-target.ts";
import { endMarked } from "./marked-processes.ts";
import { ownExit } from "./own-exit.ts";
import { Termination } from "./termination.ts";

/** A container still to be made, or one that an earlier incarnation started. */
export type Origin = { readonly spec: ContainerSpec } | { readonly adopted: AdoptedContainer };

const TAIL_BYTES = 512;
const KILL_AGAIN_MS = 1_000;

/**
 * One attempt, in order: create; attach, wait and protect, side by side; start; the exit; the end of the output. The
 * engine's answers to attach and wait are there before it is asked to start, or its end could be missed: while it
 * starts a container it lets no wait for it through, and may let the exit pass first.
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
  #endedAtMs: number | undefined;
  /** The guard has taken it, so its end may be the guard's doing. */
  #guarded = false;

  constructor(origin: Origin, run: Run, context: AttemptContext, around: Surroundings) {
    this.ref = context.ref;
    const startOffset = "adopted" in origin ? offsetAfterAdoption(origin.adopted.startedAtMs, context.clock.now()) : 0;
    const capacityBytes = around.settings.outputCapacityBytes;
    this.output = new OutputBuffer({ capacityBytes, startOffset, budget: context.outputBudget });
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
    return { ...ending, startedAtMs: this.#startedAtMs, endedAtMs: this.#endedAtMs ?? clock.now() };
  }

  async #carryOut(): Promise<Ending> {
    if ("adopted" in this.#origin) return this.#goOn(this.#origin.adopted);
    const made = await makeContainer(this.#origin.spec, this.#around, this.#termination);
    if (!made) return this.#endingOf(undefined);
    const { id, checked } = made;
    this.#containerId = id;
    return this.#watched(id, "next-exit", checked, async (code, capture) => {
      // Ended while it was made ready: it never runs.
      if (this.#termination.cause) return this.#endingOf(undefined);
      this.#startedAtMs = this.#context.clock.now();
      await this.#start(id);
      return this.#supervise(id, code, capture);
    });
  }

  /** With what an earlier incarnation started. */
  async #goOn({ id, startedAtMs, ended }: AdoptedContainer): Promise<Ending> {
    this.#containerId = id;
    this.#startedAtMs = startedAtMs;
    if (!ended) return this.#watched(id, "not-running", Promise.resolve(), (code, capture) => this.#supervise(id, code, capture));
    this.#endedAtMs = ended.atMs;
    await this.#protect().catch(() => {});
    return this.#endingOf(ended.exit);
  }

  /** Does `then` with a container whose output, end and guard are seen to. */
  async #watched(
    id: string,
    condition: "next-exit" | "not-running",
    checked: Promise<void>,
    then: (code: Promise<number>, capture: Capture) => Promise<Ending>,
  ): Promise<Ending> {
    const { engine, settings } = this.#around;
    const known = this.#protect();
    const attached = this.#attach(id);
    try {
      const [capture, { code }] = await Promise.all([attached, engine.wait(id, condition), checked]);
      const refused = await this.#announce(known);
      if (!refused) return await then(code, capture);
      await engine.kill(id, "SIGKILL");
      return refused;
    } finally {
      // What was never started writes nothing, and its stream would stay open.
      const idleMs = this.#startedAtMs > 0 ? settings.drainMs : 0;
      await attached.then((capture) => capture.drain(idleMs), () => {});
    }
  }

  async #attach(id: string): Promise<Capture> {
    const { engine } = this.#around;
    const options = { stream: true, stdout: true, stderr: true, hijack: true };
    const stream = await engine.within(engine.docker.getContainer(id).attach(options));
    return new Capture(stream as unknown as Duplex, this.output);
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

  /** From the start of the payload to its exit. The engine's part of the start does not count against the limit. */
  async #supervise(id: string, code: Promise<number>, capture: Capture): Promise<Ending> {
    const { clock } = this.#context;
    const { settings } = this.#around;
    const ranMs = "adopted" in this.#origin ? clock.now() - this.#startedAtMs : 0;
    const leftMs = Math.max(0, this.#run.timeoutMs - ranMs);
    const cancelTimeout = clock.after(leftMs, () => this.#termination.ask("timeout", settings.timeoutGraceMs));
    try {
      this.#termination.begin((signal) => void this.#signal(id, signal));
      const exited = ownExit(id, await code, this.#around.engine, this.#termination.cause !== undefined);
      this.#termination.end();
      const [exit] = await Promise.all([exited, capture.drain(settings.drainMs)]);
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

  async #endingOf(exit: Exit | undefined): Promise<Ending> {
    const { cause } = this.#termination;
    if (exit && cause === undefined) {
      const killed = signalOf(exit.code) === "SIGKILL" && !exit.outOfMemory;
      if (killed && this.#guarded && (await this.#context.guard.hasEnded(this.#target))) return endingOfLease();
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
      if (signal !== "SIGKILL") return;
      await endMarked(this.#run.marker).catch(() => {});
      this.#termination.killAgainAfter(KILL_AGAIN_MS);
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

  async #makeSure(): Promise<void> {
    const { engine, settings } = this.#around;
    const run = { id: this.#containerId ?? containerName(this.ref), marker: this.#run.marker };
    if (await makeSure(run, engine, settings.engineLossMs, this.#context.logger)) this.#containerId = undefined;
  }
}
