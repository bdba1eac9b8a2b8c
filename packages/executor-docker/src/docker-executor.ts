import { randomUUID } from "node:crypto";
import { AttemptRegister, MemoryGuard, checkAttempt, silentLogger, systemClock } from "@coxswain/executor";
import type { AdoptionContext, AttemptContext, AttemptRef, Availability, Executor, RunningTask, TaskSpec } from "@coxswain/executor";
import { adoptedFrom } from "./adoption.ts";
import { ContainerAttempt } from "./container-attempt.ts";
import type { Surroundings } from "./container-making.ts";
import { containerName, containerSpec } from "./container-spec.ts";
import { messageOf } from "./docker-errors.ts";
import { settingsOf } from "./docker-options.ts";
import type { DockerExecutorOptions } from "./docker-options.ts";
import { Engine } from "./engine.ts";
import { Images } from "./images.ts";
import { identityOf } from "./labels.ts";
import type { ContainerIdentity } from "./labels.ts";
import { Orphans } from "./orphans.ts";
import { Removals } from "./removals.ts";

const AVAILABLE_WITHIN_MS = 5_000;

/** A container of this scope. */
interface Found {
  readonly id: string;
  readonly createdMs: number;
  readonly state: string;
  readonly identity: ContainerIdentity | undefined;
}

/** Runs `docker` tasks: one container for each attempt. */
export class DockerExecutor implements Executor {
  readonly kind = "docker";
  readonly #around: Surroundings;
  readonly #register = new AttemptRegister<ContainerAttempt>();
  /** Tells this executor's containers from those of earlier ones of the same scope. */
  readonly #incarnation = randomUUID();
  readonly #orphans: Orphans;

  constructor(options: DockerExecutorOptions = {}) {
    const settings = settingsOf(options);
    const engine = new Engine(settings);
    const images = new Images(engine.docker, settings.pullTimeoutMs);
    this.#around = { settings, engine, images, removals: new Removals(engine) };
    this.#orphans = new Orphans(() => this.#removeOrphans(), settings.reconcileMs);
  }

  async start(spec: TaskSpec, context: AttemptContext): Promise<RunningTask> {
    this.#register.checkOpen();
    const task = checkAttempt(this.kind, spec, context);
    const run = { marker: randomUUID(), incarnation: this.#incarnation, timeoutMs: spec.timeoutMs };
    const container = containerSpec(task, context, this.#around.settings, run);
    return this.#register.add(context.ref, () => new ContainerAttempt({ spec: container }, run, context, this.#around));
  }

  /** Attempts of earlier incarnations whose containers run, or have ended unseen. */
  async leftovers(): Promise<readonly AttemptRef[]> {
    return (await this.#predecessors()).filter(isAdoptable).flatMap(({ identity }) => identity?.ref ?? []);
  }

  /**
   * Takes up attempts of an earlier incarnation that run, or have ended unseen. What they wrote
   * before is gone; their limit still counts from their start. One that cannot be looked at is left to `reap`. Call
   * before that.
   *
   * @param surroundings default: a guard that ends nothing, no log, the machine's clock
   */
  async adopt(attempts: readonly AttemptRef[], surroundings: Partial<AdoptionContext> = {}): Promise<RunningTask[]> {
    const wanted = new Set(attempts.map(containerName));
    const found = (await this.#predecessors()).filter(isAdoptable);
    const { engine } = this.#around;
    const tasks = found.map(async ({ id, identity }) => {
      if (!identity || !wanted.has(containerName(identity.ref))) return [];
      const { ref, jobId, dueMs } = identity;
      const context = { guard: new MemoryGuard(), logger: silentLogger, clock: systemClock, ...surroundings, ref, jobId, dueMs };
      try {
        const adopted = adoptedFrom(await engine.within(engine.docker.getContainer(id).inspect()));
        return [this.#register.add(ref, () => new ContainerAttempt({ adopted }, identity, context, this.#around))];
      } catch (error) {
        // Only this one: the others may be taken up already, and would run on unseen if this rejected.
        context.logger.warn({ err: error, ...ref }, "what an earlier start left cannot be adopted");
        return [];
      }
    });
    return (await Promise.all(tasks)).flat();
  }

  /**
   * Ends and removes what earlier incarnations left, running, created or exited, but for what was adopted. From then on
   * it sees to it at intervals that the scope has no containers but those of attempts that run here.
   */
  async reap(): Promise<void> {
    try {
      await this.#removeUnowned(await this.#predecessors());
    } finally {
      // What an engine that failed did not remove goes once it does as it is told.
      this.#orphans.watch();
    }
  }

  /** What happens at intervals after `reap`: ends and removes all containers of the scope, and of some age, that belong to no attempt here. */
  async reconcile(): Promise<void> {
    await this.#orphans.remove();
  }

  /** An engine that answers on the socket, with Linux containers, seccomp, and limits of memory, swap, cpu and pids. */
  async available(): Promise<Availability> {
    const { engine, settings } = this.#around;
    try {
      await engine.within(engine.checkFit(), AVAILABLE_WITHIN_MS);
      return { ok: true };
    } catch (error) {
      return { ok: false, reason: `the Docker engine at ${settings.socketPath}: ${messageOf(error)}` };
    }
  }

  async close(): Promise<void> {
    await this.#register.close();
    await this.#orphans.close();
    this.#around.images.close();
    await this.#around.removals.close();
    this.#around.engine.close();
  }

  async #removeOrphans(): Promise<void> {
    const youngestMs = Date.now() - this.#around.settings.orphanGraceMs;
    const found = await this.#found();
    await this.#removeUnowned(found.filter(({ createdMs }) => createdMs <= youngestMs));
  }

  /** An attempt is registered before its container is made, and until it has ended. */
  async #removeUnowned(found: readonly Found[]): Promise<void> {
    const unowned = found.filter(({ identity }) => !identity || !this.#register.get(identity.ref));
    await Promise.all(unowned.map(({ id }) => this.#around.engine.remove(id)));
  }

  async #predecessors(): Promise<Found[]> {
    return (await this.#found()).filter(({ identity }) => identity?.incarnation !== this.#incarnation);
  }

  async #found(): Promise<Found[]> {
    const { engine, settings } = this.#around;
    const containers = await engine.listScope(settings.scope);
    return containers.map(({ Id: id, State: state, Created: createdS, Labels: labels }) => {
      return { id, state, createdMs: createdS * 1_000, identity: identityOf(labels) };
    });
  }
}

/** One that never ran may still be about to be started for its dead incarnation; it is reaped. */
function isAdoptable({ state }: Found): boolean {
  return state === "running" || state === "exited";
}
