import type { Agent } from "node:http";
import { connect } from "node:net";
import type { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { isShortage } from "@coxswain/executor";
import Docker from "dockerode";
import type { ContainerSpec } from "./container-spec.ts";
import { EngineLostError, EngineUnfitError, messageOf, statusOf } from "./docker-errors.ts";
import type { DockerSettings } from "./docker-options.ts";
import { engineAgent } from "./engine-agent.ts";
import { lackingOf, leftOutIn } from "./engine-fitness.ts";
import type { EngineAbilities } from "./engine-fitness.ts";
import { exitCodeIn } from "./exit-code.ts";
import { MARKER, SCOPE } from "./labels.ts";

const PING_MS = 50;
/** From then on a container does not run, nor ever will. */
const GOING = new Set(["removing", "dead"]);

/** How the library asks; needed where its own methods keep part of the answer to themselves. */
interface Dialer {
  dial(request: object, callback: (error: unknown, answer: unknown) => void): void;
}

interface Created {
  readonly Id: string;
  readonly Warnings?: readonly string[] | null;
}

/** The requests that attempts make of the engine, each with a limit. */
export class Engine {
  readonly docker: Docker;
  readonly #agent = engineAgent();
  readonly #socketPath: string;
  readonly #timeoutMs: number;
  #fit: Promise<void> | undefined;

  constructor({ socketPath, engineTimeoutMs }: Pick<DockerSettings, "socketPath" | "engineTimeoutMs">) {
    const options: Docker.DockerOptions & { agent: Agent } = { socketPath, agent: this.#agent };
    this.docker = new Docker(options);
    this.#socketPath = socketPath;
    this.#timeoutMs = engineTimeoutMs;
  }

  /**
   * Resolves if the engine can hold tasks within their limits; it would itself leave out, with
   * a warning, what the kernel lacks. Asked once.
   *
   * @throws {EngineUnfitError}
   */
  checkFit(): Promise<void> {
    this.#fit ??= this.#checkFit().catch((error: unknown) => {
      this.#fit = undefined;
      throw error;
    });
    return this.#fit;
  }

  /** @throws {EngineLostError} when the answer takes too long; it may still be done */
  async within<T>(request: Promise<T>, timeoutMs: number = this.#timeoutMs): Promise<T> {
    const enough = new AbortController();
    const limit = delay(timeoutMs, undefined, { signal: enough.signal }).then(() => {
      throw new EngineLostError(`The engine did not answer within ${timeoutMs} ms.`);
    });
    limit.catch(() => {});
    try {
      return await Promise.race([request, limit]);
    } finally {
      enough.abort();
    }
  }

  /**
   * Makes a container, and removes it again if the engine warns that it does not hold one of its limits.
   *
   * @returns its id
   * @throws {EngineUnfitError}
   */
  async create({ name, ...spec }: ContainerSpec): Promise<string> {
    // Apart, or the library would write all of it into the URL.
    const options = { _query: { name }, _body: spec };
    const { Id: id, Warnings: warnings } = await this.#post<Created>({ path: "/containers/create?", options });
    const leftOut = leftOutIn(warnings ?? []);
    if (leftOut.length === 0) return id;
    await this.remove(id);
    throw new EngineUnfitError(`The engine does not hold all limits: ${leftOut.join(" ")}`);
  }

  /**
   * Waits for a container's end. Resolves once the engine listens; only then may the container be
   * started. What it resolves to gives the exit code.
   */
  async wait(id: string, condition: "next-exit" | "not-running"): Promise<{ readonly code: Promise<number> }> {
    // The library appends `_query` to a path that ends so; a query written here would lose its last character.
    const path = `/containers/${id}/wait?`;
    const options = { _query: { condition }, _body: {} };
    const response = await this.#post<Readable>({ path, options, isStream: true });
    const code = exitCodeIn(response);
    code.catch(() => {});
    return { code };
  }

  /** Harmless for a container that has ended or is gone. */
  async kill(id: string, signal: string): Promise<void> {
    await this.within(this.docker.getContainer(id).kill({ signal }), 5_000).catch((error: unknown) => {
      const status = statusOf(error);
      if (status !== 404 && status !== 409) throw error;
    });
  }

  /** All containers of a scope, whatever their state. */
  listScope(scope: string): Promise<Docker.ContainerInfo[]> {
    return this.within(this.docker.listContainers({ all: true, filters: { label: [`${SCOPE}=${scope}`] } }));
  }

  /** Ends and removes a container with its volumes; harmless for one that is gone or going. */
  async remove(id: string): Promise<void> {
    const giveUpAt = performance.now() + this.#timeoutMs;
    for (;;) {
      try {
        await this.within(this.docker.getContainer(id).remove({ force: true, v: true }));
        return;
      } catch (error) {
        if (statusOf(error) === 404) return;
        // A conflict: another removal is under way, or something keeps the engine from this one.
        if (statusOf(error) !== 409) throw error;
        if (await this.#isGoing(id)) return;
        if (performance.now() > giveUpAt) throw error;
      }
      await delay(PING_MS);
    }
  }

  /** Removes the container of this name if it is this run's; a namesake may be another's. */
  async removeRun(name: string, marker: string): Promise<void> {
    const found = await this.#inspect(name);
    if (found?.Config.Labels[MARKER] === marker) await this.remove(found.Id);
  }

  /**
   * Whether the engine takes connections. One that shuts down takes none any more before it ends its containers, so
   * the end of a container that it ended is told from one of its own. Costs a fraction of a millisecond.
   *
   * @throws {EngineLostError} when that cannot be found out
   */
  async accepts(): Promise<boolean> {
    const giveUpAt = performance.now() + this.#timeoutMs;
    for (;;) {
      const refusal = await this.#knock();
      if (!isShortage(refusal)) return refusal === undefined;
      // It has too many at the door, or there is no descriptor left here: it may be up.
      if (performance.now() > giveUpAt) throw new EngineLostError("The engine could not be reached for want of descriptors.", { cause: refusal });
      await delay(PING_MS);
    }
  }

  /** Whether the engine answers for this long. One that shuts down ends its containers first, and says how. */
  async staysUp(forMs: number): Promise<boolean> {
    const until = performance.now() + forMs;
    while (performance.now() < until) {
      const up = await this.within(this.docker.ping(), forMs).then(() => true, isShortage);
      if (!up) return false;
      await delay(PING_MS);
    }
    return true;
  }

  close(): void {
    this.#agent.destroy();
  }

  /** Why it takes no connection; undefined: it does. */
  async #knock(): Promise<Error | undefined> {
    const socket = connect(this.#socketPath);
    const answered = new Promise<Error | undefined>((resolve) => {
      socket.once("connect", () => resolve(undefined));
      socket.once("error", resolve);
    });
    try {
      return await this.within(answered);
    } finally {
      socket.destroy();
    }
  }

  async #isGoing(id: string): Promise<boolean> {
    const found = await this.#inspect(id);
    return found === undefined || GOING.has(found.State.Status);
  }

  /** Undefined if the engine knows no such container. */
  #inspect(name: string): Promise<Docker.ContainerInspectInfo | undefined> {
    return this.within(this.docker.getContainer(name).inspect()).catch((error: unknown) => {
      if (statusOf(error) === 404) return undefined;
      throw error;
    });
  }

  #post<T>(request: object): Promise<T> {
    const statusCodes = { 200: true, 201: true, 400: "bad parameter", 404: "no such container", 409: "conflict", 500: "server error" };
    const { modem } = this.docker as unknown as { readonly modem: Dialer };
    const asked = new Promise<T>((resolve, reject) => {
      modem.dial({ method: "POST", statusCodes, ...request }, (error, answer) => {
        if (error) reject(error instanceof Error ? error : new Error(messageOf(error)));
        else resolve(answer as T);
      });
    });
    return this.within(asked);
  }

  async #checkFit(): Promise<void> {
    const abilities = (await this.within(this.docker.info())) as EngineAbilities;
    const missing = lackingOf(abilities);
    if (missing.length > 0) throw new EngineUnfitError(`The engine lacks ${missing.join(", ")}; see docker info.`);
  }
}
