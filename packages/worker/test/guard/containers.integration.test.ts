/** The guard and containers of a real engine, which may be down, stopped, or about to start one when the lease ends. */
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import type { ContainerTarget } from "@coxswain/executor";
import { missingForDocker, startEngine } from "../../../../scripts/lib/docker-engine.mjs";
import type { DockerEngine } from "../../../../scripts/lib/docker-engine.mjs";
import { GuardProcess, uptimeMs } from "../../src/guard/index.ts";
import { GuardedNode, untilGone } from "./guarded-node.ts";
import { isAlive } from "./group.ts";

const missing = missingForDocker();
if (missing.length > 0) console.warn(`SKIPPED, NOT TESTED: the guard's containers need ${missing.join(", ")}`);
const WITHIN_MS = 90_000;
const SHORT_MS = 1_500;
const LONG_MS = 60_000;

interface Made {
  readonly id: string;
  readonly target: ContainerTarget;
}

(missing.length > 0 ? describe.skip : describe)("containers of a real engine", () => {
  let engine: DockerEngine;
  let directory: string;
  let node: GuardedNode | undefined;
  let guard: GuardProcess | undefined;

  beforeAll(async () => void (engine = await startEngine()), WITHIN_MS);
  afterAll(async () => engine.close(), WITHIN_MS);
  beforeEach(() => {
    node = guard = undefined;
    directory = mkdtempSync(join(tmpdir(), "cox-guard-"));
  });
  afterEach(async () => {
    await guard?.stop();
    await node?.close();
    rmSync(directory, { recursive: true });
  });

  /** @param hidden its processes do not carry the marker, as where the guard may not look at them */
  async function made(options: { readonly hidden?: boolean } = {}): Promise<Made> {
    const run = randomUUID();
    const { value } = await engine.ask("POST", "/containers/create", {
      ...{ Image: "alpine:latest", Cmd: ["/bin/sleep", "1000"], Labels: { "test.run": run } },
      Env: options.hidden ? [] : [`COX_RUN=${run}`],
      HostConfig: { NetworkMode: "none", Init: true },
    });
    const { Id: id } = value as { readonly Id: string };
    const { socketPath } = engine;
    return { id, target: { kind: "container", marker: `COX_RUN=${run}`, socketPath, label: `test.run=${run}` } };
  }

  async function started(options?: { readonly hidden?: boolean }): Promise<Made & { readonly pid: number }> {
    const container = await made(options);
    expect((await start(container)).status).toBe(204);
    const { value } = await engine.ask("GET", `/containers/${container.id}/json`);
    return { ...container, pid: (value as { readonly State: { readonly Pid: number } }).State.Pid };
  }

  const start = ({ id }: Made): ReturnType<DockerEngine["ask"]> => engine.ask("POST", `/containers/${id}/start`);
  const untilEnded = ({ id }: Made): Promise<unknown> => engine.ask("POST", `/containers/${id}/wait`);

  /** A guard whose lease has ended, and who has said so about its one target. */
  async function leaseEnds(target: ContainerTarget): Promise<GuardProcess> {
    let heard = (): void => {};
    const ended = new Promise<void>((resolve) => (heard = resolve));
    guard = await GuardProcess.start({ directory, onEnded: heard });
    guard.renew(uptimeMs() + LONG_MS);
    await guard.protect(target);
    guard.renew(uptimeMs());
    await ended;
    return guard;
  }

  test.each([["stopped with SIGSTOP"], ["wedged"], ["killed with SIGKILL"]])("are ended at the end of the lease when their node is %s", async (how) => {
    const container = await started();
    node = await GuardedNode.start([container.target], { leaseMs: SHORT_MS, directory });
    if (how === "wedged") await node.wedge();
    else if (how.startsWith("killed")) await node.kill();
    else node.child.kill("SIGSTOP");
    await untilEnded(container);
    expect(uptimeMs()).toBeGreaterThanOrEqual(node.leaseEndUptimeMs);
  }, WITHIN_MS);

  test("are ended by their processes at the end of the lease though the engine is down, and by the engine once it is back", async () => {
    const [seen, hidden] = [await started(), await started({ hidden: true })];
    node = await GuardedNode.start([seen.target, hidden.target], { leaseMs: SHORT_MS, directory });
    await engine.stop("SIGKILL");
    await node.kill();
    await untilGone(seen.pid);
    await engine.start();
    await untilGone(hidden.pid);
    await untilGone(node.guardPid);
    expect((await engine.ask("GET", "/containers/json?all=1&filters=%7B%22label%22%3A%5B%22test.run%22%5D%7D")).value).not.toContainEqual(
      expect.objectContaining({ Id: seen.id }),
    );
  }, WITHIN_MS);

  test("whose processes the guard cannot see are ended through the engine", async () => {
    const container = await started({ hidden: true });
    await leaseEnds(container.target);
    expect(isAlive(container.pid)).toBe(false);
  }, WITHIN_MS);

  test("that are made and not started when the lease ends cannot be started any more", async () => {
    const container = await made();
    await leaseEnds(container.target);
    expect((await start(container)).status).toBe(404);
  }, WITHIN_MS);

  test("that the engine is in the midst of starting when the lease ends are ended as soon as they run", async () => {
    const container = await made();
    process.kill(engine.pid!, "SIGSTOP");
    const starting = start(container);
    await leaseEnds(container.target);
    process.kill(engine.pid!, "SIGCONT");
    await starting;
    await untilEnded(container);
  }, WITHIN_MS);

  test("outlive a guard that is killed: it is started again, told everything anew, and ends them with the lease", async () => {
    const container = await started();
    guard = await GuardProcess.start({ directory });
    guard.renew(uptimeMs() + LONG_MS);
    await guard.protect(container.target);
    const { pid } = guard;
    process.kill(pid!, "SIGKILL");
    expect(await guard.hasEnded(container.target)).toBe(false);
    expect(guard.pid).not.toBe(pid);
    guard.renew(uptimeMs());
    await untilEnded(container);
  }, WITHIN_MS);
});
