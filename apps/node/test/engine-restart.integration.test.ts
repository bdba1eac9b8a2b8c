/** A node, a real Docker engine, and what the policy makes of an engine that goes in the middle of a job. */
import { readFileSync, readdirSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { CoxswainClient } from "@coxswain/client";
import { missingForDocker, startEngine } from "../../../scripts/lib/docker-engine.mjs";
import type { DockerEngine } from "../../../scripts/lib/docker-engine.mjs";
import { Yard } from "./nodes.ts";

const missing = missingForDocker();
if (missing.length > 0) console.warn(`SKIPPED, NOT TESTED: an engine's restart under a node needs ${missing.join(", ")}`);
const WITHIN_MS = 120_000;

/** Resolves when the container's init has started the task. */
async function untilRuns(jobId: string): Promise<void> {
  while (!readdirSync("/proc").some((pid) => read(`/proc/${pid}/environ`).includes(`COX_JOB_ID=${jobId}`) && read(`/proc/${pid}/comm`) === "sleep\n"))
    await new Promise((resolve) => setImmediate(resolve));
}

function read(file: string): string {
  try {
    return readFileSync(file, "latin1");
  } catch {
    return "";
  }
}

(missing.length > 0 ? describe.skip : describe)("an engine that is restarted during a job", () => {
  let engine: DockerEngine;
  let yard: Yard;
  beforeAll(async () => {
    engine = await startEngine();
    yard = await Yard.open();
  }, WITHIN_MS);
  afterAll(async () => {
    await yard.destroy();
    await engine.close();
  }, WITHIN_MS);

  test("is an infrastructure error, retried by the job's policy, and no two attempts run at once (case 21)", async () => {
    const { node, logger } = await yard.started(["--data-dir", yard.path("data"), "--docker-socket", engine.socketPath, "--docker-pull", "never"]);
    const client = CoxswainClient.connect({ servers: [node.address] });
    try {
      const shell = "echo attempt $COX_ATTEMPT; test $COX_ATTEMPT -gt 1 || sleep 1000";
      const { jobId } = await client.submit({ task: { kind: "docker", shell }, policy: { maxAttempts: 2, retryInitialMs: 1 } });
      await logger.said("attempt starts");
      await untilRuns(jobId);
      await engine.stop("SIGKILL");
      await engine.start();
      expect(await client.waitFor(jobId, { timeoutMs: 90_000 })).toMatchObject({ status: "COMPLETED", attempts: 2 });
      const { executions } = await client.executions(jobId);
      const [first, second] = executions[0]?.attempts ?? [];
      expect(first).toMatchObject({ outcome: "FAILED", errorType: "ENGINE" });
      expect(second).toMatchObject({ outcome: "SUCCEEDED" });
      expect(second?.startedAtMs).toBeGreaterThanOrEqual(first?.endedAtMs ?? Infinity);
    } finally {
      client.close();
    }
  }, WITHIN_MS);
});
