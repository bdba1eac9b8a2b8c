import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { systemClock } from "@coxswain/executor";
import { ABLE, FakeEngine } from "./fake-engine.ts";
import { Bench } from "./bench.ts";
import { engineAgent } from "../src/engine-agent.ts";
import { Engine } from "../src/engine.ts";
import { labelsOf } from "../src/labels.ts";

let engine: FakeEngine;
let bench: Bench;
beforeEach(async () => {
  engine = await FakeEngine.listen();
  bench = new Bench(engine);
});
afterEach(async () => {
  await bench.close();
  await engine.close();
});

describe("an engine that cannot hold a limit", () => {
  test.each([
    ["memory limits", { MemoryLimit: false }],
    ["swap limits", { SwapLimit: false }],
    ["cpu quotas", { CpuCfsQuota: false }],
    ["pids limits", { PidsLimit: false }],
    ["seccomp", { SecurityOptions: ["name=apparmor"] }],
    ["seccomp", { SecurityOptions: ["name=seccomp,profile=unconfined"] }],
    ["Linux containers", { OSType: "windows" }],
  ])("for want of %s is not available, and its attempts fail with the reason before anything is made", async (what, lacks) => {
    engine.abilities = { ...ABLE, ...lacks };
    expect(await bench.executor.available()).toMatchObject({ ok: false, reason: expect.stringContaining(`lacks ${what}`) });
    const { result } = await bench.finish({ shell: "true" });
    expect(result).toMatchObject({ outcome: "failed", errorType: "ISOLATION_MISSING", retryable: true, startedAtMs: 0 });
    expect(result.errorMessage).toContain(what);
    expect(engine.created).toBeUndefined();
  });

  test("and says so when it makes the container: that one is removed, and never started", async () => {
    engine.warnings = ["Your kernel does not support swap limit capabilities or the cgroup is not mounted. Memory limited without swap."];
    const { result } = await bench.finish({ shell: "true" });
    expect(result).toMatchObject({ outcome: "failed", errorType: "ISOLATION_MISSING", retryable: true, startedAtMs: 0 });
    expect(result.errorMessage).toContain("swap limit");
    expect(engine.log).toContain("remove");
    expect(engine.log).not.toContain("start");
  });

  test("warnings of another kind keep nothing from running", async () => {
    engine.warnings = ["The requested image's platform (linux/arm64) does not match the detected host platform (linux/amd64)"];
    expect((await bench.finish({ shell: "true" })).result).toMatchObject({ outcome: "succeeded" });
  });
});

describe("the requests of an attempt", () => {
  test("attach, wait and the look at the image are answered before the engine is asked to start", async () => {
    expect((await bench.finish({ shell: "true" })).result).toMatchObject({ outcome: "succeeded" });
    const before = engine.log.slice(0, engine.log.indexOf("start"));
    expect(before).toEqual(expect.arrayContaining(["create", "answered attach", "answered wait", "answered json"]));
    const asked = engine.log.filter((line) => !line.startsWith("answered") && line !== "remove");
    expect(asked.sort()).toEqual(["attach", "create", "info", "json", "start", "wait"]);
  });

  test("carry the task in their bodies, not in URLs, which engines log", async () => {
    await bench.finish({ shell: "echo secret", env: { PASSWORD: "secret" } });
    expect(JSON.stringify(engine.created)).toContain("PASSWORD=secret");
    expect(engine.urls.join("\n")).not.toContain("secret");
  });

  test("the container of an image with volumes is never started", async () => {
    engine.volumes = { "/data": {} };
    expect((await bench.finish({ shell: "true" })).result).toMatchObject({ errorType: "START_FAILED", retryable: false });
    expect(engine.log).not.toContain("start");
  });

  test("are not described with all the connections there are", () => {
    const { docker } = new Engine({ socketPath: engine.socketPath, engineTimeoutMs: 1 });
    expect(inspect(engineAgent(), { showHidden: true, depth: null })).toBe("the engine's connections");
    expect(inspect((docker as unknown as { modem: { agent: unknown } }).modem.agent, { depth: null })).toBe("the engine's connections");
  });
});

describe("a removal that meets a conflict", () => {
  const TIMEOUT_MS = 300;
  const remove = (): Promise<void> => new Engine({ socketPath: engine.socketPath, engineTimeoutMs: TIMEOUT_MS }).remove("c0ffee");
  const removals = (): number => engine.log.filter((line) => line === "remove").length;

  test.each(["removing", "dead"])("is done when the container is %s: it does not run, nor ever will", async (status) => {
    engine.removals = [409];
    engine.status = status;
    await remove();
    expect(removals()).toBe(1);
  });

  test("is asked for again while the container may run, until the engine does not know it any more", async () => {
    engine.removals = [409, 409, 404];
    engine.status = "running";
    await remove();
    expect(removals()).toBe(3);
  });

  test("fails when the conflict stays", async () => {
    engine.removals = Array.from({ length: 1_000 }, () => 409);
    engine.status = "running";
    await expect(remove()).rejects.toMatchObject({ statusCode: 409 });
  });
});

describe("whether the engine takes connections", () => {
  const at = (socketPath: string): Engine => new Engine({ socketPath, engineTimeoutMs: 60_000 });

  test("is a matter of its socket: one that refuses, or is not there, takes none", async () => {
    expect(await at(engine.socketPath).accepts()).toBe(true);
    expect(await at(`${engine.socketPath}.none`).accepts()).toBe(false);
  });

  test("is asked again when there are too many at its door for the moment", async () => {
    const socketPath = join(engine.directory, "busy.sock");
    const busy = createServer((socket) => socket.destroy()).listen({ path: socketPath, backlog: 1 });
    await once(busy, "listening");
    // Within one turn of the event loop, so that nobody is let in between.
    const crowd = Array.from({ length: 3 }, () => connect(socketPath).on("error", () => {}));
    const refused = once(crowd.at(-1)!, "error");
    const accepts = at(socketPath).accepts();
    expect(await refused).toMatchObject([{ code: "EAGAIN" }]);
    expect(await accepts).toBe(true);
    await new Promise((resolve) => busy.close(resolve));
  });
});

describe("an attempt whose engine fails at a signal", () => {
  const TIMEOUT_MS = 60_000;

  test("is killed again, until it has ended", async () => {
    engine.hangs = true;
    engine.kills = [500, 500];
    const impatient = { ...systemClock, after: (delayMs: number, then: () => void) => systemClock.after(delayMs < TIMEOUT_MS ? 0 : delayMs, then) };
    const task = await bench.start({ shell: "sleep 1000" }, TIMEOUT_MS, { clock: impatient });
    await engine.untilAsked("start", 1);
    await task.stop(0);
    expect(await task.result).toMatchObject({ outcome: "stopped", signal: "SIGKILL" });
    expect(engine.log.filter((line) => line === "kill")).toHaveLength(3);
  });
});

describe("what an earlier start left", () => {
  const left = (attempt: number, inspected?: object): void => {
    const run = { marker: randomUUID(), incarnation: "killed", timeoutMs: 60_000 };
    const Labels = labelsOf({ ...bench.context, ref: { ...bench.context.ref, attempt } }, bench.scope, run);
    engine.containers.push({ Id: `left${attempt}`, State: "running", Created: 0, Labels, ...(inspected ? { inspected } : {}) });
  };

  test("and cannot be looked at is ended; what can be is adopted all the same", async () => {
    left(1, { Running: true, StartedAt: new Date().toISOString() });
    left(2);
    const refs = [1, 2].map((attempt) => ({ ...bench.context.ref, attempt }));
    const adopted = await bench.executor.adopt(refs, { guard: bench.guard });
    expect(adopted.map(({ ref }) => ref)).toEqual([refs[0]]);
    await bench.executor.reap();
    expect(engine.urls.filter((url) => url.includes("force="))).toEqual([expect.stringContaining("/left2?")]);
  });

  test("and the engine did not remove at first is removed later", async () => {
    const later = new Bench(engine, { scope: bench.scope, reconcileMs: 1, orphanGraceMs: 0 });
    left(1);
    engine.removals = [500];
    const removed = engine.untilAsked("remove", 2);
    await expect(later.executor.reap()).rejects.toMatchObject({ statusCode: 500 });
    await removed;
    await later.close();
  });
});
