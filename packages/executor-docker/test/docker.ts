import { afterAll, beforeAll, describe } from "@jest/globals";
import { missingForDocker, startEngine } from "../../../scripts/lib/docker-engine.mjs";
import type { DockerEngine } from "../../../scripts/lib/docker-engine.mjs";

const missing = missingForDocker();
const ENGINE_WITHIN_MS = 60_000;

/** `describe` for what needs a real engine; skipping is said aloud. */
export const describeDocker: typeof describe | typeof describe.skip = missing.length > 0 ? skipLoudly() : describe;

function skipLoudly(): typeof describe.skip {
  console.warn(`SKIPPED, NOT TESTED: Docker tests need ${missing.join(", ")}`);
  return describe.skip;
}

/** One private engine for the tests of the `describe` that calls this. */
export function useEngine(): () => DockerEngine {
  let engine: DockerEngine | undefined;
  beforeAll(async () => void (engine = await startEngine()), ENGINE_WITHIN_MS);
  afterAll(async () => engine?.close(), ENGINE_WITHIN_MS);
  return () => {
    if (!engine) throw new Error("the engine is not started");
    return engine;
  };
}
