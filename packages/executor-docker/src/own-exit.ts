import { EngineLostError } from "./docker-errors.ts";
import { signalOf } from "./ending.ts";
import type { Exit } from "./ending.ts";
import type { Engine } from "./engine.ts";

/** How an engine that shuts down ends its containers. */
const ENGINES_SIGNALS = new Set(["SIGTERM", "SIGKILL"]);
const ENGINE_WATCH_MS = 3_000;
const SHUT_DOWN = "The engine was shut down, and its containers with it.";

/**
 * How a container ended, if that was its own doing or the attempt's. An engine that shuts down ends its containers:
 * those that heed its SIGTERM may even exit with 0, and have not done what they were to do.
 *
 * @param asked whether the attempt was to end
 * @throws {EngineLostError} when it was the engine's doing
 */
export async function ownExit(id: string, code: number, engine: Engine, asked: boolean): Promise<Exit> {
  if (!asked && !(await engine.accepts())) throw new EngineLostError(SHUT_DOWN);
  // A flawless exit needs no second look; any other may be for want of memory.
  if (code === 0) return { code, outOfMemory: false };
  const { State: state } = await engine.within(engine.docker.getContainer(id).inspect());
  // With the whole machine, containers may be told to end before their engine is.
  const suspect = !asked && !state.OOMKilled && ENGINES_SIGNALS.has(signalOf(code) ?? "");
  if (suspect && !(await engine.staysUp(ENGINE_WATCH_MS))) throw new EngineLostError(SHUT_DOWN);
  return { code, outOfMemory: state.OOMKilled };
}
